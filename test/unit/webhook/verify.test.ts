import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { VideoSDK } from '@videosdk.live/server-sdk';
import fc from 'fast-check';
import { isSignedWith, readPublicKey } from '../../../nodes/VideoSdkAgentCloud/webhook/verify';
import { rsaKeyPair } from '../../simulator/keyPair';
import { checkTimes, unicode, utf16 } from '../support';

const pair = rsaKeyPair();
const foreignPair = rsaKeyPair(1);
const publishedKey = readPublicKey(pair.publishedPem) as KeyObject;

const signatureOf = (body: Buffer, key = pair.privateKey, hash = 'RSA-SHA256', padding?: number): string =>
	sign(hash, body, padding === undefined ? key : { key, padding }).toString('base64');

const json = fc
	.record({
		webhookType: fc.constantFrom('ai-deployment-session-started', 'other', 'schön ☎ 📞'),
		data: fc.record({ sessionId: fc.uuid().map((id) => `session-${id}`), note: unicode(0, 20) }),
	})
	.map((value) => JSON.stringify(value));
/** What VideoSDK might sign: it signs bytes, whatever they mean. */
const anyBody = fc.oneof(
	{ weight: 4, arbitrary: json.map((text) => Buffer.from(text)) },
	...[json.map((text) => Buffer.from(`\ufeff${text}`)), utf16().map((text) => Buffer.from(text))],
	fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
	fc.constantFrom(Buffer.alloc(0), Buffer.from('{"type":"\xed\xa0\x80"}', 'latin1'), Buffer.alloc(262_144)),
);

/** @param dice chooses the place and the bit */
function withFlippedBit(bytes: Buffer, dice: number): Buffer {
	if (bytes.length === 0) return Buffer.from('x');
	const copy = Buffer.from(bytes);
	const at = dice % copy.length;
	copy[at] = (copy[at] as number) ^ (1 << (dice % 8));
	return copy;
}

function insertAt(text: string, dice: number, inserted: string): string {
	const at = dice % (text.length + 1);
	return text.slice(0, at) + inserted + text.slice(at);
}

type Delivery = { body: Buffer; signature: string };
type Make = (body: Buffer, dice: number, text: string) => Delivery;
const signedBefore = (change: (body: Buffer, dice: number) => Buffer): Make => {
	return (body, dice) => ({ body: change(body, dice), signature: signatureOf(body) });
};
const signedBy = (...signer: [key?: KeyObject, hash?: string, padding?: number]): Make => {
	return (body) => ({ body, signature: signatureOf(body, ...signer) });
};
const signature = (change: (signature: string, dice: number, text: string) => string): Make => {
	return (body, ...given) => ({ body, signature: change(signatureOf(body), ...given) });
};

const KINDS: Record<string, Make> = {
	valid: signedBy(),
	'body with a flipped bit': signedBefore((body, dice) => withFlippedBit(body, dice)),
	'body cut off': signedBefore((body, dice) => body.subarray(0, dice % (body.length || 1))),
	'signed by another key': signedBy(foreignPair.privateKey),
	'signed with another hash': signedBy(pair.privateKey, 'RSA-SHA1'),
	'signed with another padding of RSA': signedBy(
		...([pair.privateKey, 'RSA-SHA256', constants.RSA_PKCS1_PSS_PADDING] as const),
	),
	'signature with a flipped bit': signature((text, dice) =>
		withFlippedBit(Buffer.from(text, 'base64'), dice).toString('base64'),
	),
	'signature cut off': signature((text, dice) => text.slice(0, dice % (text.length - 4))),
	'signature of random text': signature((_signature, _dice, text) => text),
	'signature empty': signature(() => ''),
	'signature with a scheme before it': signature((text) => `sha256=${text}`),
	'signature twice, as n8n joins two headers': signature((text) => `${text}, ${text}`),
	'signature without padding': signature((text) => text.replace(/=+$/, '')),
	'signature with more padding': signature((text, dice) => text + '='.repeat((dice % 4) + 1)),
	'signature in url-safe base64': signature((text) => Buffer.from(text, 'base64').toString('base64url')),
	'signature with white space in it': signature((text, dice) =>
		insertAt(text, dice % 300, '\n \t'.charAt(dice % 3)),
	),
	'signature with another character in it': signature((text, dice, other) =>
		insertAt(text, dice, other.charAt(0)),
	),
};

const { webhooks } = new VideoSDK({ apiKey: 'key', secret: 'secret' });

/** Whether the official SDK takes the signature as genuine. It parses the JSON after that, and may refuse the delivery for it. */
function isGenuineToSdk({ body, signature: header }: Delivery): boolean {
	try {
		webhooks.verifySync(body, header, pair.publishedPem);
		return true;
	} catch (error) {
		return !/signature/i.test((error as Error).message);
	}
}

describe('isSignedWith', () => {
	it.each(Object.entries(KINDS))('judges as the official SDK does: %s', (kind, make) => {
		checkTimes(100)([anyBody, fc.nat(), utf16()], (body, ...given) => {
			const delivery = make(body, ...given);
			const judgement = isSignedWith(delivery.body, delivery.signature, publishedKey);
			expect(judgement).toBe(isGenuineToSdk(delivery));
			if (kind === 'valid') expect(judgement).toBe(true);
			if (kind === 'signed by another key') expect(judgement).toBe(false);
		});
	});

	it('never throws, whatever the header is, and takes nothing but text', () => {
		const body = Buffer.from('{}');
		const header = fc.oneof(
			fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }),
			...[utf16(5_000), fc.constantFrom([signatureOf(body)], Symbol('x'), Buffer.from(signatureOf(body)))],
		);
		checkTimes(1_000)([header], (given) => expect(isSignedWith(body, given, publishedKey)).toBe(false));
	});

	it('takes a header as long as the largest key signs, and none that is longer', () => {
		const body = Buffer.from('{}');
		expect(isSignedWith(body, signatureOf(body).padEnd(4_096), publishedKey)).toBe(true);
		expect(isSignedWith(body, signatureOf(body).padEnd(4_097), publishedKey)).toBe(false);
	});

	it('judges by a key of 3072 bits', () => {
		const large = rsaKeyPair(0, 3_072);
		const { body, signature: header } = signedBy(large.privateKey)(Buffer.from('{}'), 0, '');
		expect(isSignedWith(body, header, large.publicKey)).toBe(true);
		expect(isSignedWith(body, header, publishedKey)).toBe(false);
	});
});

describe('readPublicKey', () => {
	const spkiOf = (key: KeyObject) => String(key.export({ type: 'spki', format: 'pem' }));
	const spki = spkiOf(pair.publicKey);
	const pkcs1 = String(pair.publicKey.export({ type: 'pkcs1', format: 'pem' }));
	const privatePem = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
	const rsaOf = (modulusLength: number) => spkiOf(generateKeyPairSync('rsa', { modulusLength }).publicKey);

	it.each([
		['PKCS#1', pkcs1],
		['PKCS#1 with newlines around, as published', `\n\n${pkcs1}\n\n`],
		['SPKI, with white space around', ` \t${spki} \t`],
		['newlines written as \\n', pkcs1.replace(/\n/g, '\\n')],
		['CRLF', `\r\n${pkcs1.replace(/\n/g, '\r\n')}`],
		['no newline at the end', pkcs1.trim()],
	])('reads a key: %s', (_name, pem) => {
		expect(readPublicKey(pem)?.equals(pair.publicKey)).toBe(true);
		// The smallest one.
		expect(readPublicKey(rsaOf(1_024))).toBeDefined();
	});

	it.each([
		['a private key', privatePem],
		['a private key with a remark', `PUBLIC KEY\n${privatePem}`],
		['a private key before the public key', privatePem + spki],
		['a private key after the public key', spki + privatePem],
		['an elliptic curve key', spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)],
		['an Ed25519 key', spkiOf(generateKeyPairSync('ed25519').publicKey)],
		['an RSA-PSS key', spkiOf(generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).publicKey)],
		['a key just too small', rsaOf(1_023)],
		['a key cut off', spki.slice(0, 200)],
		['a key without its end', spki.replace(/-----END.*/s, '')],
		['its base64 only', spki.replace(/-----[^-]+-----/g, '')],
		['a header only', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----'],
	])('refuses %s', (_name, pem) => expect(readPublicKey(pem)).toBeUndefined());

	it('never throws on garbage or a damaged key, and never reads another kind of key out of it', () => {
		const scraps = fc.constantFrom(
			...['-----BEGIN ', 'RSA ', 'PUBLIC KEY', '-----', '\n', '\\n', 'MIIB', '-----END ', '=', ' '],
		);
		const list = fc.array(scraps, { maxLength: 12 }).map((parts) => parts.join(''));
		checkTimes(2_000)([fc.oneof(unicode(), utf16(), list)], (pem) => {
			expect(readPublicKey(pem)).toBeUndefined();
		});
		checkTimes(1_000)(
			[fc.nat(pkcs1.length - 1), fc.string({ maxLength: 3 }), fc.nat(5)],
			(at, more, less) => {
				const key = readPublicKey(pkcs1.slice(0, at) + more + pkcs1.slice(at + less));
				expect(key === undefined || key.asymmetricKeyType === 'rsa').toBe(true);
			},
		);
	});
});
