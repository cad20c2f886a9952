import type { IDataObject, INodeListSearchItems, INodeType } from 'n8n-workflow';
import { clientOf } from '../api/http/client';
import { type ListRequest, listPages, PAGE_SIZE } from '../api/http/pagination';

/** A search that fills "From List" of a resource locator. Its pagination token is the number of the API's next page. */
export type ListSearch = NonNullable<NonNullable<INodeType['methods']>['listSearch']>[string];

/** Makes the entry of a row; undefined: the row is skipped. */
type ToEntry = (row: IDataObject) => INodeListSearchItems | undefined;

/** The highest number of the API's pages that one search reads until it finds an entry. */
const PAGES_PER_SEARCH = 10;

/** @returns whether one of the texts contains what the user typed, regardless of case */
export function matches(filter: string, ...texts: unknown[]): boolean {
	const wanted = filter.trim().toLowerCase();
	return texts.some((text) => String(text).toLowerCase().includes(wanted));
}

/** @returns an entry with a record's ID, and with those of `parts` that aren't empty as its label; undefined without an ID */
export function entryOf(id: unknown, ...parts: unknown[]): INodeListSearchItems | undefined {
	if (typeof id !== 'string' || id === '') return undefined;
	return { name: parts.filter(Boolean).join(' · ') || id, value: id };
}

/**
 * Makes a search in a list of the API, by names and values.
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
