import type { IDataObject } from 'n8n-workflow';
import { isRecord } from './answer';
import type { ApiRequest, Send } from './client';
import { failureOf } from './client';

/** The same for each page of a list: the API counts pages by it. */
export const PAGE_SIZE = 50;

/** A list of the API. */
export interface ListRequest {
	path: string;
	/** The API's own filters. */
	qs?: IDataObject;
	/** The fields of the answer under which the rows may be found. Default: `data` */
	keys?: string[];
	/** Used if the API does not know `path` (404). */
	pathInstead?: string;
	/** See ApiRequest. */
	holdsSecrets?: boolean;
	/** Makes a record of a row. Default: the row itself */
	toRecord?: (row: IDataObject) => IDataObject;
	/** Tells records from one another. Rows move to the next page when a record is added while the list is read. */
	identityOf: (record: IDataObject) => string;
}

/** One page, as answered. */
export interface Page {
	/** Of its rows. One that is no record could not become an item. */
	records: IDataObject[];
	rowCount: number;
	pageInfo: IDataObject;
}

/** The rows on a full page: the API says so if it keeps to smaller pages than those asked for. */
export function pageSizeOf(pageInfo: IDataObject): number {
	return Number(pageInfo.perPage) || PAGE_SIZE;
}

/** @returns what the API says of the length of the whole list, in rows; 0 if it says nothing */
export function totalOf(pageInfo: IDataObject): number {
	// The API's page names two totals whose meaning its docs leave open; the larger one is that of the whole list.
	const totals = [pageInfo.total, pageInfo.totalItems].map(Number).filter((total) => total > 0);
	return Math.max(...totals, 0);
}

/**
 * Tells from a page's rows, and from what the API says of the whole list, whether a page is the last one.
 *
 * @param page counted from 1
 */
export function isLastPage(
	page: number,
	rowCount: number,
	rowsSoFar: number,
	pageInfo: IDataObject,
): boolean {
	if (rowCount === 0) return true;
	if (Number(pageInfo.lastPage) > page) return false;
	const total = totalOf(pageInfo);
	if (total > rowsSoFar) return false;
	if (total === rowsSoFar) return true;
	// No total, or one that counts something else.
	return rowCount < pageSizeOf(pageInfo);
}

/** @returns the number of the last page as far as a page tells; Infinity if it tells nothing */
export function announcedLastPage(pageInfo: IDataObject): number {
	const lastPage = Math.max(
		Number(pageInfo.lastPage) || 0,
		Math.ceil(totalOf(pageInfo) / pageSizeOf(pageInfo)),
	);
	return lastPage > 0 ? lastPage : Infinity;
}

/** @throws NodeApiError if the page cannot be had or holds no list */
export async function fetchPage(
	send: Send,
	{ path, pathInstead, qs, keys = ['data'], holdsSecrets, toRecord = (row) => row }: ListRequest,
	page: number,
): Promise<Page> {
	const request: ApiRequest = {
		method: 'GET',
		path,
		qs: { ...qs, page, perPage: PAGE_SIZE },
		holdsSecrets,
	};
	const read = (answer: IDataObject): Page | undefined => {
		const rows: unknown[] | undefined = keys.map((key) => answer[key]).find(Array.isArray);
		return (
			rows && {
				records: rows.filter(isRecord).map(toRecord),
				rowCount: rows.length,
				pageInfo: isRecord(answer.pageInfo) ? answer.pageInfo : {},
			}
		);
	};
	return await send(request, read).catch(async (error: object) =>
		pathInstead !== undefined && failureOf(error)?.status === 404
			? await send({ ...request, path: pathInstead }, read)
			: await Promise.reject(error),
	);
}
