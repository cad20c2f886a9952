import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { verifyToken } from '@videosdk.live/server-sdk';
import fc from 'fast-check';
import { signToken } from '../../../credentials/signToken';
import type * as SignToken from '../../../credentials/signToken';
import { check, unicode, utf16 } from '../support';

const ROOT = join(__dirname, '../../..');
const BUILT_FILE = join(ROOT, 'dist/credentials/signToken.js');
const KEY = '7ea3bb68-1ce5-4b1e-9e3c-0f8d0a1b2c3d';
const SECRET = 'b5d1a4f09f7e4a0f8f4d9c7a1e2b3c4d';

/** The parts of a compact JWT, decoded. */
function read(token: string): { header: unknown; claims: Record<string, unknown> } {
	const [header, claims] = token
		.split('.')
		.slice(0, 2)
		.map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>);
	return { header, claims: claims as Record<string, unknown> };
}

beforeAll(() => {
	if (!existsSync(BUILT_FILE)) execFileSync('npx', ['gulp', 'build'], { cwd: ROOT, stdio: 'ignore' });
}, 60_000);

describe.each([
	['source', () => signToken],
	['build', () => (require(BUILT_FILE) as typeof SignToken).signToken],
])('signToken of the %s', (_name, load) => {
	let sign: typeof signToken;

	beforeAll(() => {
		sign = load();
	});

	it('is accepted by the official SDK', () => {
		expect(verifyToken(sign(KEY, SECRET), SECRET)).toMatchObject({ apikey: KEY, roles: ['crawler'] });
	});

	it('is refused by the official SDK under another secret', () => {
		expect(() => verifyToken(sign(KEY, SECRET), `${SECRET}x`)).toThrow('Invalid token signature');
	});

	it('carries the documented header and claims and no others, back-dated for clocks that run ahead', () => {
		check(
			fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (nowMs) => {
				const nowS = Math.floor(nowMs / 1000);
				const times = { iat: nowS - 60, exp: nowS + 300 };
				const { header, claims } = read(sign(KEY, SECRET, nowMs));
				expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
				const role = { permissions: ['allow_join'], version: 2, roles: ['crawler'] };
				expect(claims).toEqual({ apikey: KEY, ...role, ...times });
			}),
		);
	});

	it('has expired for the official SDK after its lifetime', () => {
		expect(() => verifyToken(sign(KEY, SECRET, Date.now() - 6 * 60_000), SECRET)).toThrow('expired');
	});

	it('is accepted for any key and secret, non-ASCII ones as well', () => {
		const text = fc.oneof(unicode(1), fc.string({ minLength: 1, maxLength: 200 }), utf16().filter(Boolean));
		check(
			fc.property(unicode(1), text, (key, secret) => {
				const token = sign(key, secret);
				expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
				expect(verifyToken(token, secret).apikey).toBe(key);
			}),
		);
	});
});
