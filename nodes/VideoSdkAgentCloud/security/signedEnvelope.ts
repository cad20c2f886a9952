import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'crypto';

/** The length of the signature: HMAC-SHA-256, cut in half as RFC 2104 (section 5) allows, because no one can guess 128 bits. */
const SIGNATURE_BYTES = 16;
const SIGNATURE_LENGTH = 22;

/** The key that signs and verifies. It's a key object, because a log would show a text. */
export type SigningKey = KeyObject;

const hmac = (key: KeyObject | string, text: string): Buffer =>
	createHmac('sha256', key).update(text).digest();

const payloadOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * The form in which this package signs values that come back to it from outside: a prefix, a signature, and the value as JSON, in letters,
 * digits, hyphens and underscores. The value is signed, not encrypted.
 */
export class Envelope {
	private readonly form: RegExp;

	/**
	 * @param prefix the beginning of each text of this kind
	 * @param purpose names the kind. The key is derived from it, so that it signs nothing else. It has a space, which no JWT has, so that no
	 *   JWT that the same secret signs can be used as the key
	 */
	constructor(
		private readonly prefix: string,
		private readonly purpose: string,
	) {
		this.form = new RegExp(`^${prefix}([\\w-]{${SIGNATURE_LENGTH}})([\\w-]+)$`);
	}

	/** @returns the key of this kind. @param secret the credential's secret, which also signs requests */
	keyOf(secret: string): SigningKey {
		return createSecretKey(hmac(secret, this.purpose));
	}

	/** @returns the length of what `seal` makes, in characters */
	lengthOf(value: unknown): number {
		return this.prefix.length + SIGNATURE_LENGTH + payloadOf(value).length;
	}

	/** @returns the value, signed. @param value anything that JSON can hold */
	seal(value: unknown, key: SigningKey): string {
		const payload = payloadOf(value);
		return this.prefix + this.signatureOf(payload, key) + payload;
	}

	/** @returns whether a text has the form of a result of `seal` */
	fits(text: unknown): text is string {
		return typeof text === 'string' && this.form.test(text);
	}

	/**
	 * Verifies in constant time. Never throws.
	 *
	 * @param text the text as it was received
	 * @returns the value; undefined if it wasn't signed with this key
	 */
	open(text: unknown, key: SigningKey): unknown {
		const [, signature = '', payload = ''] = (typeof text === 'string' && this.form.exec(text)) || [];
		if (payload === '') return undefined;
		// The texts are compared, because base64url has several spellings for the same bytes.
		const expected = Buffer.from(this.signatureOf(payload, key));
		if (!timingSafeEqual(Buffer.from(signature), expected)) return undefined;
		return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
	}

	private signatureOf(payload: string, key: SigningKey): string {
		return hmac(key, this.prefix + payload)
			.subarray(0, SIGNATURE_BYTES)
			.toString('base64url');
	}
}
