import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'crypto';

/** HMAC-SHA-256, cut to half its length as RFC 2104 (section 5) allows: no one guesses 128 bits. */
const SIGNATURE_BYTES = 16;
/** Of the signature in base64url. */
const SIGNATURE_LENGTH = 22;

/** Signs and verifies. As a key object, the secret shows in no log. */
export type SigningKey = KeyObject;

const hmac = (key: KeyObject | string, text: string): Buffer =>
	createHmac('sha256', key).update(text).digest();

const payloadOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * How this package signs what comes back to it from outside: a prefix, a signature, and a value as JSON, in letters, digits, hyphens and
 * underscores. Signed, not encrypted.
 */
export class Envelope {
	private readonly form: RegExp;

	/**
	 * @param prefix what each text of this kind begins with
	 * @param purpose names the kind: a key that is derived from it signs nothing else. With a space in it, which no JWT has, nothing that
	 * the same secret signs elsewhere passes for the key
	 */
	constructor(
		private readonly prefix: string,
		private readonly purpose: string,
	) {
		this.form = new RegExp(`^${prefix}([\\w-]{${SIGNATURE_LENGTH}})([\\w-]+)$`);
	}

	/** @param secret the credential's secret, which also signs requests */
	keyOf(secret: string): SigningKey {
		return createSecretKey(hmac(secret, this.purpose));
	}

	/** @returns the length of what `seal` makes, in characters */
	lengthOf(value: unknown): number {
		return this.prefix.length + SIGNATURE_LENGTH + payloadOf(value).length;
	}

	/** @param value anything that JSON can hold */
	seal(value: unknown, key: SigningKey): string {
		const payload = payloadOf(value);
		return this.prefix + this.signatureOf(payload, key) + payload;
	}

	/** @returns whether it has the form of what `seal` makes */
	fits(text: unknown): text is string {
		return typeof text === 'string' && this.form.test(text);
	}

	/**
	 * Verifies in constant time. Never throws.
	 *
	 * @param text as it came
	 * @returns the value; undefined if it was not sealed with this key
	 */
	open(text: unknown, key: SigningKey): unknown {
		const [, signature = '', payload = ''] = (typeof text === 'string' && this.form.exec(text)) || [];
		if (payload === '') return undefined;
		// Compared as texts: the same bytes have several spellings.
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
