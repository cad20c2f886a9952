import { type IDataObject } from 'n8n-workflow';
import { recordWith } from './http/responseReaders';
import { failureOf, type Send } from './http/client';
import { NOT_FOUND_STATUSES } from './http/failure';
import { listRecords } from './http/pagination';

const ROOT = ['v2', 'sip', 'webhooks'];
/** The docs and the SDK each know the ID under another name. */
const ID_FIELDS = ['id', 'webhookId'];

const withId = (row: IDataObject): IDataObject => ({
	...row,
	id: String(ID_FIELDS.map((field) => row[field]).find(Boolean) ?? ''),
});

function normalized(url: string): string {
	return URL.canParse(url) ? new URL(url).href : url;
}

/** @returns whether two URLs lead to the same place, however the API spells the host, the port or what is encoded */
export function isSameUrl(one: string, other: string): boolean {
	return normalized(one) === normalized(other);
}

/**
 * Lists the project's webhooks, without those that are marked as deleted. All are read: what the API's own `search` matches is not
 * documented, and one that it does not find would be registered twice.
 */
export async function listCallWebhooks(send: Send) {
	const list = { path: ROOT, toRecord: withId };
	const rows = await listRecords(send, list, Infinity, ({ id, deletedAt }) => id !== '' && !deletedAt);
	return rows.map(({ id, url, events }) => ({
		id: String(id),
		url: String(url),
		/** Their names. */
		events: Array.isArray(events) ? events.map((name) => String(name).toLowerCase()) : [],
	}));
}

/** A webhook that is registered for the calls of a project. */
export type CallWebhook = Awaited<ReturnType<typeof listCallWebhooks>>[number];

/** Registers a webhook for all calls of the project. The API registers a second one for the same URL, too. */
export async function createCallWebhook(send: Send, url: string, events: string[]): Promise<void> {
	await send({ method: 'POST', path: ROOT, body: { url, events } }, recordWith(ID_FIELDS));
}

/** @returns whether a failed request to remove a webhook leaves none: it was gone, or the answer to its removal holds no JSON */
function isGone(error: object): boolean {
	const { status = 0 } = failureOf(error) ?? {};
	return NOT_FOUND_STATUSES.includes(status) || (status >= 200 && status <= 299);
}

/** Removes a webhook. One that is not there any more is no failure. */
export async function deleteCallWebhook(send: Send, id: string): Promise<void> {
	await send({ method: 'DELETE', path: [...ROOT, id] }, () => true).catch((error: Error) => {
		if (!isGone(error)) throw error;
	});
}
