import { type IDataObject } from 'n8n-workflow';
import { recordWith } from './http/responseReaders';
import { failureOf, type Send } from './http/client';
import { NOT_FOUND_STATUSES } from './http/failure';
import { listRecords } from './http/pagination';
import { serverTimeMs } from './http/timeHeaders';

const ROOT = ['v2', 'sip', 'webhooks'];
/** The docs name the ID `id`, and the SDK also reads `webhookId` (docs/dev/api-truth.md, Events). */
const ID_FIELDS = ['id', 'webhookId'];

const withId = (row: IDataObject): IDataObject => ({
	...row,
	id: String(ID_FIELDS.map((field) => row[field]).find(Boolean) ?? ''),
});

function normalized(url: string): string {
	return URL.canParse(url) ? new URL(url).href : url;
}

/** @returns whether two URLs are the same, apart from the spelling of the host, the port, and encoded characters */
export function isSameUrl(one: string, other: string): boolean {
	return normalized(one) === normalized(other);
}

/**
 * Lists the project's webhooks, without those that are marked as deleted. It reads all of them, because the API doesn't document what its
 * `search` matches, and a webhook that isn't found would be registered twice.
 */
export async function listCallWebhooks(send: Send) {
	const list = { path: ROOT, toRecord: withId };
	const rows = await listRecords(send, list, Infinity, ({ id, deletedAt }) => id !== '' && !deletedAt);
	return rows.map(({ id, url, events }) => ({
		id: String(id),
		url: String(url),
		events: Array.isArray(events) ? events.map((name) => String(name).toLowerCase()) : [],
	}));
}

/** A webhook that is registered for the calls of a VideoSDK project. */
export type CallWebhook = Awaited<ReturnType<typeof listCallWebhooks>>[number];

/** Registers a webhook for all calls of the project. The API may register a second one for the same URL, so the caller has to check. */
export async function createCallWebhook(send: Send, url: string, events: string[]): Promise<void> {
	await send({ method: 'POST', path: ROOT, body: { url, events } }, recordWith(ID_FIELDS));
}

/** @returns whether the webhook is gone although the request to remove it failed: it wasn't there, or the response isn't JSON */
function isGone(error: object): boolean {
	const { status = 0 } = failureOf(error) ?? {};
	return NOT_FOUND_STATUSES.includes(status) || (status >= 200 && status <= 299);
}

/** Removes a webhook. It's no failure if the webhook isn't there any more. */
export async function deleteCallWebhook(send: Send, id: string): Promise<void> {
	await send({ method: 'DELETE', path: [...ROOT, id] }, () => true).catch((error: Error) => {
		if (!isGone(error)) throw error;
	});
}

const KEY_PATH = ['v2', 'public', 'rsa-public-key'];

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
	return await send({ method: 'GET', path: KEY_PATH, baseUrl }, ({ publicKey }, headers) =>
		read(typeof publicKey === 'string' ? publicKey : '', serverTimeMs(headers)),
	);
}
