import { type IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/answer';
import { Envelope, type SigningKey } from './envelope';

/** The query parameter of the webhook URL in which the context of an event travels. */
export const CONTEXT_PARAMETER = 'context';

const envelope = new Envelope('1', 'n8n-nodes-videosdk-agent-cloud event context 1');

/** @param secretKey the credential's secret */
export function contextKey(secretKey: string): SigningKey {
	return envelope.keyOf(secretKey);
}

/** @returns the length of a signed context, in characters */
export function signedLength(pairs: IDataObject): number {
	return envelope.lengthOf(pairs);
}

/**
 * Signs a context.
 *
 * @param pairs texts, numbers and booleans by name
 */
export function signContext(pairs: IDataObject, key: SigningKey): string {
	return envelope.seal(pairs, key);
}

/**
 * Verifies a context and reads it. Never throws.
 *
 * @param text as it came in the URL
 * @returns its pairs; undefined if it was not written with this key
 */
export function verifyContext(text: unknown, key: SigningKey): IDataObject | undefined {
	const pairs = envelope.open(text, key);
	return isRecord(pairs) ? pairs : undefined;
}
