import type { KeyObject } from 'crypto';
import { createHmac, createSecretKey, timingSafeEqual } from 'crypto';
import type { IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/answer';

/** The query parameter of the webhook URL in which the context of an event travels. */
export const CONTEXT_PARAMETER = 'context';

/** Says how a context is written: version, key ID, signature, and the pairs as JSON, all in base64url. */
const VERSION = '1';
const KEY_ID_LENGTH = 4;
const SIGNATURE_BYTES = 16;
/** What base64url makes of them. */
const SIGNATURE_LENGTH = 22;
const FORM = new RegExp(`^${VERSION}([\\w-]{${KEY_ID_LENGTH}})([\\w-]{${SIGNATURE_LENGTH}})([\\w-]+)$`);

/** Signs contexts, and verifies them. */
export interface ContextKey {
	/** Tells keys apart, so that a context of before a change of the secret is not taken for a forgery. */
	id: string;
	/** As a key object, the secret shows in no log. */
	key: KeyObject;
}

/** What came of verifying a context: its pairs, or why there are none. */
export type VerifiedContext = { pairs: IDataObject } | { rejected: 'form' | 'key' | 'signature' };

/** The texts that are signed hold a space, which no JWT does: nothing signed here passes for a token of the same secret. */
function signatureOf(key: KeyObject, text: string): Buffer {
	return createHmac('sha256', key).update(`n8n context ${text}`).digest().subarray(0, SIGNATURE_BYTES);
}

function payloadOf(pairs: IDataObject): string {
	return Buffer.from(JSON.stringify(pairs)).toString('base64url');
}

/** @param secretKey the credential's secret, which also signs requests */
export function contextKey(secretKey: string): ContextKey {
	const key = createSecretKey(secretKey, 'utf8');
	return { id: signatureOf(key, 'key').toString('base64url').slice(0, KEY_ID_LENGTH), key };
}

/** @returns how many characters a context takes, signed */
export function signedLength(pairs: IDataObject): number {
	return VERSION.length + KEY_ID_LENGTH + SIGNATURE_LENGTH + payloadOf(pairs).length;
}

/**
 * Writes a context in characters that need no encoding in a URL. It is signed, not encrypted.
 *
 * @param pairs texts, numbers and booleans by name
 */
export function signContext(pairs: IDataObject, { id, key }: ContextKey): string {
	const payload = payloadOf(pairs);
	const signature = signatureOf(key, VERSION + id + payload).toString('base64url');
	return VERSION + id + signature + payload;
}

/**
 * Verifies a context and reads it. Never throws.
 *
 * @param text as it came in the URL
 */
export function verifyContext(text: unknown, { id, key }: ContextKey): VerifiedContext {
	const [, keyId, signature = '', payload = ''] = (typeof text === 'string' && FORM.exec(text)) || [];
	if (keyId === undefined) return { rejected: 'form' };
	if (keyId !== id) return { rejected: 'key' };
	const expected = signatureOf(key, VERSION + id + payload);
	const given = Buffer.from(signature, 'base64url');
	// The last character holds four bits that are not read.
	const isSame = timingSafeEqual(given, expected) && given.toString('base64url') === signature;
	if (!isSame) return { rejected: 'signature' };
	const pairs: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
	return isRecord(pairs) ? { pairs } : { rejected: 'form' };
}
