import { verifyToken } from '@videosdk.live/server-sdk';
import fc from 'fast-check';
import { signToken } from '../../../credentials/signToken';
import { check, unicode, utf16 } from '../support';

const KEY = '7ea3bb68-1ce5-4b1e-9e3c-0f8d0a1b2c3d';
const SECRET = 'b5d1a4f09f7e4a0f8f4d9c7a1e2b3c4d';

it('A token has the documented header and claims and no others, back-dated for clocks that run ahead', () => {
	check([fc.integer({ min: 0, max: 4_102_444_800_000 })], (nowMs) => {
		const nowS = Math.floor(nowMs / 1000);
		const [header, claims] = signToken(KEY, SECRET, nowMs)
			.split('.')
			.slice(0, 2)
			.map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
		expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
		const role = { permissions: ['allow_join'], version: 2, roles: ['crawler'] };
		expect(claims).toEqual({ apikey: KEY, ...role, iat: nowS - 60, exp: nowS + 300 });
	});
});

it('The official SDK accepts a token of any key and secret, non-ASCII ones as well', () => {
	const text = fc.oneof(unicode(1), fc.string({ minLength: 1, maxLength: 200 }), utf16().filter(Boolean));
	check([unicode(1), text], (key, secret) => {
		const token = signToken(key, secret);
		expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
		expect(verifyToken(token, secret).apikey).toBe(key);
	});
});
