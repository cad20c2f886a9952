import type { Send } from './http/client';
import { serverTimeMs } from './http/serverTime';

const PATH = ['v2', 'public', 'rsa-public-key'];

/**
 * Fetches the key with which VideoSDK signs its webhooks.
 *
 * @param read gets the PEM, empty if there is none, and the time at which the API answered (`serverTimeMs`). It returns undefined if the
 *   key is unusable
 * @param baseUrl see ApiRequest
 */
export async function fetchPublicKey<T>(
	send: Send,
	read: (pem: string, answeredAtMs?: number) => T | undefined,
	baseUrl?: string,
): Promise<T> {
	return await send({ method: 'GET', path: PATH, baseUrl }, ({ publicKey }, headers) =>
		read(typeof publicKey === 'string' ? publicKey : '', serverTimeMs(headers)),
	);
}
