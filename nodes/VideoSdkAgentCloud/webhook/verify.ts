import { createPublicKey, type KeyObject, verify } from 'crypto';

/** More than an RSA signature of 16384 bits takes in base64; a longer header cannot be one. */
const MAX_SIGNATURE_LENGTH = 4_096;
const MIN_KEY_BITS = 1_024;

/**
 * Reads a public key.
 *
 * @param pem an RSA public key, PKCS#1 (as VideoSDK publishes it) or SPKI; white space around it does not matter
 * @returns the key, or undefined if the text is not an RSA public key
 */
export function readPublicKey(pem: string): KeyObject | undefined {
	const text = pem.replace(/\\n/g, '\n').trim();
	// createPublicKey would derive a public key from a private one, which no one should paste here.
	if (!text.includes('PUBLIC KEY') || text.includes('PRIVATE KEY')) return undefined;
	try {
		const key = createPublicKey(text);
		const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
		return key.asymmetricKeyType === 'rsa' && bits >= MIN_KEY_BITS ? key : undefined;
	} catch {
		return undefined;
	}
}

/**
 * Verifies that VideoSDK signed these bytes: RSA-SHA256, PKCS#1 v1.5, over the raw body (docs.videosdk.live, webhook
 * verification). Never throws: whatever cannot be verified is not signed.
 *
 * @param rawBody the body's bytes as received, never a re-serialised body
 * @param signature the header `videosdk-signature`, base64
 * @param key VideoSDK's public key
 */
export function isSignedWith(rawBody: Buffer, signature: unknown, key: KeyObject): boolean {
	if (typeof signature !== 'string' || signature === '' || signature.length > MAX_SIGNATURE_LENGTH)
		return false;
	try {
		return verify('RSA-SHA256', rawBody, key, Buffer.from(signature, 'base64'));
	} catch {
		return false;
	}
}
