import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'crypto';
import { type IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/answer';

/** The query parameter of the webhook URL in which the context of an event travels. */
export const CONTEXT_PARAMETER = 'context';

/** How a context is written: version, signature, and the pairs as JSON, the latter two in base64url. */
const VERSION = '1';
const SIGNATURE_BYTES = 16;
/** Of the signature in base64url. */
const SIGNATURE_LENGTH = 22;
const FORM = new RegExp(`^${VERSION}([\\w-]{${SIGNATURE_LENGTH}})([\\w-]+)$`);

/** Signs contexts, and verifies them. As a key object, the secret shows in no log. */
export type ContextKey = KeyObject;

/** The texts that are signed contain a space, which no JWT does: nothing signed here passes for a token of the same secret. */
function signatureOf(key: ContextKey, text: string): string {
	const bytes = createHmac('sha256', key).update(`n8n context ${text}`).digest();
	return bytes.subarray(0, SIGNATURE_BYTES).toString('base64url');
}

function payloadOf(pairs: IDataObject): string {
	return Buffer.from(JSON.stringify(pairs)).toString('base64url');
}

/** @param secretKey the credential's secret, which also signs requests */
export function contextKey(secretKey: string): ContextKey {
	return createSecretKey(secretKey, 'utf8');
}

/** @returns the length of a signed context, in characters */
export function signedLength(pairs: IDataObject): number {
	return VERSION.length + SIGNATURE_LENGTH + payloadOf(pairs).length;
}

/**
 * Writes a context in characters that need no encoding in a URL. It is signed, not encrypted.
 *
 * @param pairs texts, numbers and booleans by name
 */
export function signContext(pairs: IDataObject, key: ContextKey): string {
	const payload = payloadOf(pairs);
	return VERSION + signatureOf(key, VERSION + payload) + payload;
}

/**
 * Verifies a context and reads it. Never throws.
 *
 * @param text as it came in the URL
 * @returns its pairs; undefined if it was not written with this key
 */
export function verifyContext(text: unknown, key: ContextKey): IDataObject | undefined {
	const [, signature = '', payload = ''] = (typeof text === 'string' && FORM.exec(text)) || [];
	if (payload === '') return undefined;
	// Compared as texts: the same bytes have several spellings.
	const expected = Buffer.from(signatureOf(key, VERSION + payload));
	if (!timingSafeEqual(Buffer.from(signature), expected)) return undefined;
	const pairs: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
	return isRecord(pairs) ? pairs : undefined;
}
