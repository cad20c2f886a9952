import type { KeyObject } from 'crypto';
import type { Send } from './client';
import { pathOf } from './path';

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
 * @returns `date`: the answer's Date header; either is empty if the answer has none
 */
export async function fetchKeyAndDate(send: Send): Promise<{ pem: string; date: string }> {
	return await send({ method: 'GET', path: PATH }, ({ publicKey }, { date }) => ({
		pem: typeof publicKey === 'string' ? publicKey : '',
		date: typeof date === 'string' ? date : '',
	}));
}
