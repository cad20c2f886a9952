import type { Send } from './client';
import { pathOf } from './path';
import { serverTimeMs } from './serverTime';

const PATH = pathOf('v2', 'public', 'rsa-public-key');

/**
 * Fetches the key with which VideoSDK signs its webhooks.
 *
 * @param read takes the PEM, empty if there is none, and the time at which the API answered, see `serverTimeMs`; undefined: unusable
 * @param baseUrl the API's address. The request then names its host: the credential rejects it if the user has changed 'Base URL' since
 */
export async function fetchPublicKey<T>(
	send: Send,
	read: (pem: string, answeredAtMs?: number) => T | undefined,
	baseUrl = '',
): Promise<T> {
	const path = baseUrl.replace(/\/$/, '') + PATH;
	return await send({ method: 'GET', path }, ({ publicKey }, headers) =>
		read(typeof publicKey === 'string' ? publicKey : '', serverTimeMs(headers)),
	);
}
