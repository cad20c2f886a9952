import type { IDataObject, INodeListSearchItems, INodeType } from 'n8n-workflow';
import { clientOf } from '../api/http/client';
import { type ListRequest, listPages, PAGE_SIZE } from '../api/http/pagination';

/** What fills "From List" of a locator. The token is the API's page to continue with. */
export type ListSearch = NonNullable<NonNullable<INodeType['methods']>['listSearch']>[string];

/** Makes an entry of a row; undefined skips the row. */
type ToEntry = (row: IDataObject) => INodeListSearchItems | undefined;

/** Pages of the API that are read until one has an entry. */
const PAGES_PER_SEARCH = 10;

/** @returns whether one of the texts contains what the user typed, without regard to case */
export function matches(filter: string, ...texts: unknown[]): boolean {
	const wanted = filter.trim().toLowerCase();
	return texts.some((text) => String(text).toLowerCase().includes(wanted));
}

/** @returns an entry for a record's ID, labeled with the parts that aren't empty; undefined for a record without an ID */
export function entryOf(id: unknown, ...parts: unknown[]): INodeListSearchItems | undefined {
	if (typeof id !== 'string' || id === '') return undefined;
	return { name: parts.filter(Boolean).join(' · ') || id, value: id };
}

/**
 * Makes a search in a list of the API. What the user types matches names and values.
 *
 * @param compare sorts the rows of a page. Default: the API's order
 */
export function searchOf(
	list: ListRequest,
	toEntry: ToEntry,
	compare: (a: IDataObject, b: IDataObject) => number = () => 0,
): ListSearch {
	return async function (filter = '', paginationToken = '1') {
		const firstPage = Number(paginationToken);
		const wantedRows = PAGES_PER_SEARCH * PAGE_SIZE;
		const results = new Map<unknown, INodeListSearchItems>();
		for await (const { rows, nextPage } of listPages(clientOf(this), list, firstPage, wantedRows)) {
			for (const row of rows.sort(compare)) {
				const entry = toEntry(row);
				if (entry && matches(filter, entry.name, entry.value)) results.set(entry.value, entry);
			}
			const isLast = nextPage === undefined || nextPage - firstPage >= PAGES_PER_SEARCH;
			if (isLast || results.size > 0) {
				return { results: [...results.values()], paginationToken: nextPage?.toString() };
			}
		}
		return { results: [] };
	};
}
