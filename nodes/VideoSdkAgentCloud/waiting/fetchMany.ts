import type { IDataObject } from 'n8n-workflow';
import type { Send } from '../api/client';
import { listPages } from '../api/pagination';
import type { Waitable } from './waitable';

/** What was found of one: its record, or why there is none. */
export type Found = { record: IDataObject } | { error: Error };

/** For fewer the list cannot take fewer requests than one for each. */
const MIN_FOR_LIST = 3;
/** A page of the list pays if it saves more than the one request that it costs. */
const MIN_HITS = 2;

/** Finds as many as the list gives with fewer requests than one for each. */
async function findInList(
	send: Send,
	waitable: Waitable,
	ids: string[],
	found: Map<string, Found>,
): Promise<void> {
	const wanted = new Set(ids);
	for await (const { rows } of listPages(send, waitable.list)) {
		const hits = rows.filter((row) => wanted.has(String(row[waitable.idField])));
		for (const row of hits) found.set(String(row[waitable.idField]), { record: waitable.fromRow(row) });
		if (hits.length < MIN_HITS || found.size === ids.length) return;
	}
}

/**
 * Fetches several in their current state: from the list as long as that takes fewer requests, else one by one. So there are never
 * more requests than one for each, and one.
 *
 * @returns what was found, by ID. Never throws
 */
export async function fetchMany(send: Send, waitable: Waitable, ids: string[]): Promise<Map<string, Found>> {
	const found = new Map<string, Found>();
	if (ids.length >= MIN_FOR_LIST) {
		try {
			await findInList(send, waitable, ids, found);
		} catch (error) {
			// What the API rejects for the list it rejects for each of them.
			return new Map(ids.map((id) => [id, found.get(id) ?? { error: error as Error }]));
		}
	}
	const fetchOne = async (id: string): Promise<void> => {
		const result = await waitable.get(send, id).then(
			(record) => ({ record }),
			(error: Error) => ({ error }),
		);
		found.set(id, result);
	};
	await Promise.all(ids.filter((id) => !found.has(id)).map(fetchOne));
	return found;
}
