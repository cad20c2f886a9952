import type {
	IDataObject,
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
} from 'n8n-workflow';
import { clientOf } from '../api/client';
import { type ListRequest, listPages, PAGE_SIZE } from '../api/pagination';

/** Pages of the API that are read for one page of a list: rows may be few after filtering. */
export const PAGES_PER_SEARCH = 10;
/** What a search fetches ahead, see `listPages`. */
export const ROWS_PER_SEARCH = PAGES_PER_SEARCH * PAGE_SIZE;

/** @returns whether one of the texts contains what the user typed, without regard to case */
export function matches(filter: string, ...texts: unknown[]): boolean {
	const wanted = filter.trim().toLowerCase();
	return texts.some((text) =>
		String(text ?? '')
			.toLowerCase()
			.includes(wanted),
	);
}

/** @returns a time as ISO text, such as "2026-01-15 09:30"; anything else as it is */
export function shortTime(time: unknown): string {
	return String(time ?? '').replace(/^([\d-]+)T([\d:]{5}).*$/, '$1 $2');
}

/**
 * Reads a list of the API for a locator.
 *
 * @param toEntry makes an entry of a row; undefined leaves the row out
 * @param filter what the user typed; matches names and values, without regard to case
 * @param paginationToken the API's page to continue with
 * @param compare sorts what was found; default: the API's order
 */
export async function searchRecords(
	context: ILoadOptionsFunctions,
	list: ListRequest,
	toEntry: (row: IDataObject) => INodeListSearchItems | undefined,
	filter = '',
	paginationToken?: string,
	compare?: (a: INodeListSearchItems, b: INodeListSearchItems) => number,
): Promise<INodeListSearchResult> {
	const entries = new Map<unknown, INodeListSearchItems>();
	const firstPage = Number(paginationToken) || 1;
	let nextToken: string | undefined;
	for await (const { rows, nextPage } of listPages(clientOf(context), list, firstPage, ROWS_PER_SEARCH)) {
		for (const row of rows) {
			const entry = toEntry(row);
			if (entry && !entries.has(entry.value) && matches(filter, entry.name, entry.value)) {
				entries.set(entry.value, entry);
			}
		}
		nextToken = nextPage?.toString();
		if (nextPage === undefined || nextPage - firstPage >= PAGES_PER_SEARCH || entries.size > 0) break;
	}
	const results = [...entries.values()];
	return { results: compare ? results.sort(compare) : results, paginationToken: nextToken };
}
