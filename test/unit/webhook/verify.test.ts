import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { VideoSDK } from '@videosdk.live/server-sdk';
import fc from 'fast-check';
import { isSignedWith, readPublicKey } from '../../../nodes/VideoSdkAgentCloud/webhook/verify';
import { check, rsaKeyPair, SEED, unicode, utf16 } from '../support';

const pair = rsaKeyPair();
const foreignPair = rsaKeyPair();
const publishedKey = readPublicKey(pair.publishedPem) as KeyObject;

const signatureOf = (body: Buffer, key = pair.privateKey): string =>
	sign('RSA-SHA256', body, key).toString('base64');

interface Delivery {
	body: Buffer;
	signature: string;
}

/** What a generated delivery is made from. */
interface Material {
	json: Record<string, unknown>;
	text: string;
	/** Chooses places and bits. */
	dice: number;
}

const material: fc.Arbitrary<Material> = fc.record({
	json: fc.record({
		webhookType: fc.constantFrom('ai-deployment-session-started', 'agent-session-failed', 'other', 'schön'),
		data: fc.record({ sessionId: fc.uuid().map((id) => `session-${id}`), note: unicode(0, 20) }),
	}),
	text: utf16(),
	dice: fc.nat(),
});

/** Flips one bit of a copy. */
function withFlippedBit(bytes: Buffer, dice: number): Buffer {
	const copy = Buffer.from(bytes);
	const at = dice % copy.length;
	copy[at] = (copy[at] as number) ^ (1 << (dice % 8));
	return copy;
}

function insertAt(text: string, dice: number, inserted: string): string {
	const at = dice % (text.length + 1);
	return text.slice(0, at) + inserted + text.slice(at);
}

function signed(body: Buffer): Delivery {
	return { body, signature: signatureOf(body) };
}

const bodyOf = ({ json }: Material): Buffer => Buffer.from(JSON.stringify(json));

function changedSignature(made: Material, change: (signature: string) => string): Delivery {
	const { body, signature } = signed(bodyOf(made));
	return { body, signature: change(signature) };
}

/** Signs one spelling of the JSON and delivers another. */
function reencoded(made: Material, change: (json: Record<string, unknown>) => string): Delivery {
	return { body: Buffer.from(change(made.json)), signature: signatureOf(bodyOf(made)) };
}

type Expected = 'genuine' | 'foreign' | 'either';

/** The kinds of deliveries, and how the official SDK is bound to judge them. */
const KINDS: Record<string, [Expected, (made: Material) => Delivery]> = {
	valid: ['genuine', (made) => signed(bodyOf(made))],
	'valid, not JSON': ['genuine', ({ text }) => signed(Buffer.from(`not JSON: ${text}`))],
	'valid, non-ASCII': [
		'genuine',
		({ text }) => signed(Buffer.from(JSON.stringify({ type: `ünï ☎ 📞 ${text}` }))),
	],
	'valid, with a byte order mark': [
		'genuine',
		(made) => signed(Buffer.from(`\ufeff${JSON.stringify(made.json)}`)),
	],
	'valid, raw bytes of a lone surrogate': [
		'genuine',
		() =>
			signed(Buffer.concat([Buffer.from('{"type":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')])),
	],
	'valid, invalid UTF-8': ['genuine', ({ dice }) => signed(Buffer.from([0xff, 0xfe, dice & 0xff, 0xc0]))],
	'valid, empty body': ['genuine', () => signed(Buffer.alloc(0))],
	'valid, large': [
		'genuine',
		({ dice }) => signed(Buffer.from(JSON.stringify({ type: 'x'.repeat(262_144), dice }))),
	],
	'body with a flipped bit': [
		'foreign',
		(made) => ({ body: withFlippedBit(bodyOf(made), made.dice), signature: signatureOf(bodyOf(made)) }),
	],
	'body cut off': [
		'foreign',
		(made) => {
			const body = bodyOf(made);
			return { body: body.subarray(0, made.dice % body.length), signature: signatureOf(body) };
		},
	],
	'JSON with other white space': [
		'foreign',
		(made) => reencoded(made, (json) => JSON.stringify(json, null, 2)),
	],
	'JSON with other key order': [
		'foreign',
		(made) => reencoded(made, (json) => JSON.stringify(Object.fromEntries(Object.entries(json).reverse()))),
	],
	'JSON with other escapes': [
		'foreign',
		(made) => reencoded(made, (json) => JSON.stringify(json).replace('webhookType', '\\u0077ebhookType')),
	],
	'signed by another key': [
		'foreign',
		(made) => ({ body: bodyOf(made), signature: signatureOf(bodyOf(made), foreignPair.privateKey) }),
	],
	'signed with another hash': [
		'foreign',
		(made) => ({
			body: bodyOf(made),
			signature: sign('RSA-SHA1', bodyOf(made), pair.privateKey).toString('base64'),
		}),
	],
	'signed with another padding of RSA': [
		'foreign',
		(made) => ({
			body: bodyOf(made),
			signature: sign('RSA-SHA256', bodyOf(made), {
				key: pair.privateKey,
				padding: constants.RSA_PKCS1_PSS_PADDING,
			}).toString('base64'),
		}),
	],
	'signature with a flipped bit': [
		'foreign',
		(made) =>
			changedSignature(made, (signature) =>
				withFlippedBit(Buffer.from(signature, 'base64'), made.dice).toString('base64'),
			),
	],
	'signature cut off': [
		'foreign',
		(made) => changedSignature(made, (signature) => signature.slice(0, made.dice % (signature.length - 4))),
	],
	'signature of random text': ['foreign', (made) => ({ body: bodyOf(made), signature: made.text })],
	'signature empty': ['foreign', (made) => ({ body: bodyOf(made), signature: '' })],
	'signature with a scheme before it': [
		'foreign',
		(made) => changedSignature(made, (signature) => `sha256=${signature}`),
	],
	'signature twice, as n8n joins two headers': [
		'either',
		(made) => changedSignature(made, (signature) => `${signature}, ${signature}`),
	],
	'signature without padding': [
		'genuine',
		(made) => changedSignature(made, (signature) => signature.replace(/=+$/, '')),
	],
	'signature with more padding': [
		'either',
		(made) => changedSignature(made, (signature) => signature + '='.repeat((made.dice % 4) + 1)),
	],
	'signature in url-safe base64': [
		'genuine',
		(made) => changedSignature(made, (signature) => Buffer.from(signature, 'base64').toString('base64url')),
	],
	'signature with white space in it': [
		'genuine',
		(made) =>
			changedSignature(made, (signature) =>
				insertAt(signature, made.dice % 300, ['\n', ' ', '\t'][made.dice % 3] as string),
			),
	],
	'signature with another character in it': [
		'either',
		(made) => changedSignature(made, (signature) => insertAt(signature, made.dice, made.text.charAt(0))),
	],
};

const { webhooks } = new VideoSDK({ apiKey: 'key', secret: 'secret' });

/** Whether the official SDK takes the signature as genuine. It parses the JSON after that, and may refuse the delivery for it. */
function isGenuineToSdk({ body, signature }: Delivery): boolean {
	try {
		webhooks.verifySync(body, signature, pair.publishedPem);
		return true;
	} catch (error) {
		return !/signature/i.test((error as Error).message);
	}
}

describe('isSignedWith', () => {
	it('judges 5,000 generated deliveries of all kinds as the official SDK does', () => {
		const kinds = Object.entries(KINDS);
		const perKind = Math.ceil(5_000 / kinds.length);
		const materials = fc.sample(material, { seed: SEED, numRuns: perKind });
		for (const [kind, [expected, make]] of kinds) {
			const count = { genuine: 0, foreign: 0 };
			for (const made of materials) {
				const delivery = make(made);
				const judgement = isSignedWith(delivery.body, delivery.signature, publishedKey);
				if (judgement !== isGenuineToSdk(delivery)) {
					throw new Error(`We say ${judgement}, the SDK does not: ${kind}, ${JSON.stringify(made)}`);
				}
				count[judgement ? 'genuine' : 'foreign']++;
			}
			if (expected === 'genuine') expect({ kind, ...count }).toEqual({ kind, genuine: perKind, foreign: 0 });
			if (expected === 'foreign') expect({ kind, ...count }).toEqual({ kind, genuine: 0, foreign: perKind });
		}
	});

	it('never throws, whatever the header is, and takes nothing but text', () => {
		const body = Buffer.from('{}');
		const key = publishedKey;
		const header = fc.oneof(
			fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }),
			utf16(5_000),
		);
		check(
			fc.property(header, fc.uint8Array({ maxLength: 64 }), (signature, bytes) => {
				expect(isSignedWith(Buffer.from(bytes), signature, key)).toBe(false);
			}),
			1_000,
		);
		for (const signature of [
			undefined,
			null,
			[signatureOf(body)],
			{ 0: 'x' },
			Symbol('x'),
			Buffer.from('x'),
			5,
		]) {
			expect(isSignedWith(body, signature, key)).toBe(false);
		}
	});

	it('refuses a signature that is too long to be one, without decoding it', () => {
		const body = Buffer.from('{}');
		expect(isSignedWith(body, signatureOf(body) + ' '.repeat(4_096), publishedKey)).toBe(false);
	});

	it('judges by a key of 3072 bits', () => {
		const large = rsaKeyPair(3_072);
		const body = Buffer.from('{}');
		const signature = signatureOf(body, large.privateKey);
		expect(isSignedWith(body, signature, large.publicKey)).toBe(true);
		expect(isSignedWith(body, signature, publishedKey)).toBe(false);
	});
});

describe('readPublicKey', () => {
	const pkcs1 = String(pair.publicKey.export({ type: 'pkcs1', format: 'pem' }));
	const spki = String(pair.publicKey.export({ type: 'spki', format: 'pem' }));
	const privatePem = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));

	it.each([
		['PKCS#1', pkcs1],
		['PKCS#1 with newlines around, as published', `\n\n${pkcs1}\n\n`],
		['SPKI', spki],
		['white space around', ` \t${spki} \t`],
		['newlines written as \\n', pkcs1.replace(/\n/g, '\\n')],
		['newlines written as \\n, in SPKI', `\\n${spki.replace(/\n/g, '\\n')}`],
		['CRLF', `\r\n${pkcs1.replace(/\n/g, '\r\n')}`],
		['no newline at the end', pkcs1.trim()],
	])('reads a key: %s', (_name, pem) => {
		expect(readPublicKey(pem)?.equals(pair.publicKey)).toBe(true);
	});

	const weak = (bits: number) =>
		String(
			generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ type: 'spki', format: 'pem' }),
		);
	it.each([
		['a private key', privatePem],
		['a private key of PKCS#1', String(pair.privateKey.export({ type: 'pkcs1', format: 'pem' }))],
		['a private key with a remark', `PUBLIC KEY\n${privatePem}`],
		['a private key before the public key', privatePem + spki],
		['a private key after the public key', spki + privatePem],
		[
			'an elliptic curve key',
			String(
				generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }),
			),
		],
		[
			'an Ed25519 key',
			String(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })),
		],
		[
			'an RSA-PSS key',
			String(
				generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).publicKey.export({
					type: 'spki',
					format: 'pem',
				}),
			),
		],
		['a key that is too small', weak(512)],
		['a key just too small', weak(1_016)],
		['a key cut off', spki.slice(0, 200)],
		['a key without its end', spki.replace(/-----END.*/s, '')],
		['its base64 only', spki.replace(/-----[^-]+-----/g, '')],
		['a header only', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----'],
		['words', 'PUBLIC KEY'],
		['nothing', ''],
	])('refuses %s', (_name, pem) => {
		expect(readPublicKey(pem)).toBeUndefined();
	});

	it('never throws on garbage, and never reads a key out of it', () => {
		const scraps = fc.constantFrom(
			'-----BEGIN ',
			'RSA ',
			'PUBLIC KEY',
			'-----',
			'\n',
			'\\n',
			'MIIB',
			'-----END ',
			'=',
			' ',
		);
		const garbage = fc.oneof(
			unicode(),
			utf16(),
			fc.array(scraps, { maxLength: 12 }).map((parts) => parts.join('')),
		);
		check(
			fc.property(garbage, (pem) => {
				expect(readPublicKey(pem)).toBeUndefined();
			}),
			2_000,
		);
	});

	it('never throws on a damaged key', () => {
		check(
			fc.property(
				fc.nat(pkcs1.length - 1),
				fc.string({ maxLength: 3 }),
				fc.nat(5),
				(at, inserted, removed) => {
					const key = readPublicKey(pkcs1.slice(0, at) + inserted + pkcs1.slice(at + removed));
					expect(key === undefined || key.asymmetricKeyType === 'rsa').toBe(true);
				},
			),
			1_000,
		);
	});
});
