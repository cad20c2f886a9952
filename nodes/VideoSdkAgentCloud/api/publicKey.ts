import type { KeyObject } from 'crypto';
import type { Send } from './client';
import { pathOf } from './path';
import { serverTimeMs } from './serverTime';

const PATH = pathOf('v2', 'public', 'rsa-public-key');

/**
 * Fetches the key with which VideoSDK signs its webhooks.
 *
 * @param baseUrl the API's address. The request names its host: the credential rejects it if the user has changed 'Base URL' since.
 * @param read parses a PEM; undefined if it is no usable key
 */
export async function fetchPublicKey(
	send: Send,
	baseUrl: string,
	read: (pem: string) => KeyObject | undefined,
): Promise<KeyObject> {
	return await send({ method: 'GET', path: `${baseUrl.replace(/\/$/, '')}${PATH}` }, ({ publicKey }) =>
		typeof publicKey === 'string' ? read(publicKey) : undefined,
	);
}

/**
 * Fetches the key as text, and the time at which the API answered.
 *
 * @returns `pem`: empty if the answer has no key; `answeredAtMs`: see `serverTimeMs`
 */
export async function fetchKeyAndTime(send: Send): Promise<{ pem: string; answeredAtMs?: number }> {
	return await send({ method: 'GET', path: PATH }, ({ publicKey }, headers) => ({
		pem: typeof publicKey === 'string' ? publicKey : '',
		answeredAtMs: serverTimeMs(headers),
	}));
}
