import { createPublicKey, type KeyObject, verify } from 'crypto';

/** A longer header can't be a signature, because one of RSA with 16384 bits is shorter in base64. */
const MAX_SIGNATURE_LENGTH = 4_096;
const MIN_KEY_BITS = 1_024;

/**
 * Reads a public key.
 *
 * @param pem an RSA public key, PKCS#1 (as VideoSDK publishes it) or SPKI; white space around it doesn't matter
 * @returns the key; undefined if the text isn't an RSA public key
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
 * Verifies that VideoSDK has signed these bytes: RSA-SHA256, PKCS#1 v1.5, over the raw body (docs.videosdk.live, webhook verification).
 * Never throws.
 *
 * @param rawBody the body's bytes as received, and not a body that was serialized again
 * @param signature the header `videosdk-signature`, in base64
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
