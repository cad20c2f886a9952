import type { IDataObject } from 'n8n-workflow';
import { failureOf, type Send } from '../api/client';
import { listPages } from '../api/pagination';
import type { Conversation } from './conversation';

/**
 * What the API said about a conversation: its record, or why there is none. `isUnknown`: the API has answered "not found", and its
 * whole list does not have it either.
 */
export type Found = { record: IDataObject } | { error: Error; isUnknown?: boolean };

/** For fewer, the list cannot take fewer requests than one for each. */
const MIN_FOR_LIST = 3;
/** A page of the list with fewer saves no more than the one request that it costs. */
const MIN_HITS = 2;
/** For so many each, one such page is read all the same: they may be further down, or the list may begin with the oldest. */
const IDS_PER_POOR_PAGE = 10;
/** While the list fails, a poll asks for this many one by one. The next poll asks for others. */
const MAX_WITHOUT_LIST = 20;
/** The same for those that cannot be fetched one by one. */
const MAX_POOR_PAGES = 5;
/** "Not found" (the API answers either). */
const NOT_FOUND_STATUSES = [402, 404];

function isNotFound(error: Error): boolean {
	const failure = failureOf(error);
	return failure?.kind === 'status' && NOT_FOUND_STATUSES.includes(failure.status ?? 0);
}

/** @returns whether fetching one failed in a way that leaves hope for the list */
function isMissing(found: Found | undefined): boolean {
	if (found === undefined || 'record' in found) return false;
	return isNotFound(found.error) || failureOf(found.error)?.kind === 'answer';
}

/**
 * Reads the list until all are found, or more than `maxPoorPages` had hardly any.
 *
 * @returns whether what is not found is not in the list
 * @throws as `listPages`; what was found stays
 */
async function searchList(
	send: Send,
	{ list, idField, fromRow }: Conversation,
	ids: string[],
	found: Map<string, Found>,
	maxPoorPages: number,
): Promise<boolean> {
	const wanted = new Set(ids);
	let poorPages = 0;
	for await (const { rows, nextPage } of listPages(send, list)) {
		const hits = rows.filter((row) => wanted.delete(String(row[idField])));
		for (const row of hits) found.set(String(row[idField]), { record: fromRow(row) });
		if (hits.length < MIN_HITS) poorPages++;
		if (wanted.size === 0) return true;
		if (poorPages > maxPoorPages) return nextPage === undefined;
	}
	return true;
}

/**
 * Fetches the current state of several conversations: from the list as long as that takes fewer requests, else one by one. Where one
 * way fails, it tries the other.
 *
 * @param round counts the calls, so that each asks for others while the list fails
 * @param isThorough fetches one by one what the list shows as running, since the list may lag behind
 * @param found is filled with the results, by ID. What is missing in the end was not asked for
 */
export async function fetchMany(
	send: Send,
	conversation: Conversation,
	ids: string[],
	{ round = 0, isThorough = false, found = new Map<string, Found>() } = {},
): Promise<Map<string, Found>> {
	const fetchOne = async (id: string): Promise<void> => {
		try {
			found.set(id, { record: await conversation.get(send, id) });
		} catch (error) {
			const known = found.get(id);
			if (known === undefined || 'error' in known) found.set(id, { error: error as Error });
		}
	};
	let isListUsable = true;
	if (ids.length >= MIN_FOR_LIST) {
		await searchList(send, conversation, ids, found, Math.floor(ids.length / IDS_PER_POOR_PAGE)).catch(() => {
			isListUsable = false;
		});
	}
	let open = ids.filter((id) => {
		const known = found.get(id);
		if (known === undefined || 'error' in known) return true;
		return isThorough && conversation.endOf(known.record) === undefined;
	});
	if (!isListUsable && open.length > 0) {
		const start = (round * MAX_WITHOUT_LIST) % open.length;
		if (!isThorough) open = [...open.slice(start), ...open.slice(0, start)].slice(0, MAX_WITHOUT_LIST);
		// What fails for the first one, such as a rejected credential, fails for the others.
		const first = open.shift() as string;
		await fetchOne(first);
		const known = found.get(first);
		if (known !== undefined && 'error' in known && !isMissing(known)) return found;
	}
	await Promise.all(open.map(fetchOne));
	const missing = ids.filter((id) => isMissing(found.get(id)));
	if (missing.length > 0) {
		try {
			const isWhole = await searchList(send, conversation, missing, found, MAX_POOR_PAGES);
			for (const id of missing) {
				const known = found.get(id);
				if (known && 'error' in known) known.isUnknown = isWhole && isNotFound(known.error);
			}
		} catch (error) {
			// A gateway, or an account without balance, may answer everything with "not found". Unless the list confirms it, nothing is known.
			for (const id of missing) if (isMissing(found.get(id))) found.set(id, { error: error as Error });
		}
	}
	return found;
}
