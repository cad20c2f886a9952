import { UserError, type IDataObject } from 'n8n-workflow';
import { asRecord, isRecord, roomIdOf } from './responseReaders';
import type { ApiRequest, Send } from './client';
import { apiSessionId } from '../sessionId';

/** The size of a page. It's the same for all pages of a list, because the API counts pages by it. */
export const PAGE_SIZE = 50;
/** The highest number of pages that are read of a list that doesn't end. */
const MAX_PAGES = 2_000;
/** After this many pages in a row without a new row, reading fails, because the list doesn't go on. */
const MAX_PAGES_WITHOUT_NEWS = 3;
/** The highest number of pages of one list that are in flight at the same time. */
const MAX_PAGES_IN_FLIGHT = 10;

/** A list of the API. */
export interface ListRequest {
	path: string[];
	/** The API's own filters. Rows of another room or session than its `roomId` and `sessionId` are dropped. */
	qs?: IDataObject;
	/** The fields of the response in which the rows may be. Default: `data` */
	keys?: string[];
	/** See ApiRequest. */
	holdsSecrets?: boolean;
	/** Makes the record of a row. Default: the row itself */
	toRecord?: (row: IDataObject) => IDataObject;
	/** The fields that identify a record, because rows move to the next page if one is added while the list is read. Default: `id` */
	idFields?: string[];
}

/** @returns whether a record belongs to the room and session of the filters, as far as it names them */
function isAsked(record: IDataObject, qs: IDataObject = {}): boolean {
	const named: IDataObject = { roomId: roomIdOf(record), sessionId: record.sessionId };
	return ['roomId', 'sessionId'].every(
		(field) => !qs[field] || !named[field] || apiSessionId(String(named[field])) === qs[field],
	);
}

/** @throws NodeApiError if the page cannot be fetched or has no list */
async function fetchPage(send: Send, list: ListRequest, page: number) {
	const { path, qs, keys = ['data'], holdsSecrets, toRecord = (row) => row } = list;
	const request: ApiRequest = { method: 'GET', path, qs: { ...qs, page, perPage: PAGE_SIZE }, holdsSecrets };
	return await send(request, (answer) => {
		const lists = keys.map((key) => answer[key]);
		// An empty list may come as null, as some services write it.
		const isEmpty = lists.includes(null) && isRecord(answer.pageInfo) && totalOf(answer.pageInfo) === 0;
		const rows: unknown[] | undefined = lists.find(Array.isArray) ?? (isEmpty ? [] : undefined);
		if (rows === undefined) return undefined;
		// Rows that aren't objects are dropped, because they can't become items.
		const records = rows.filter(isRecord).map(toRecord);
		return { records, rowCount: rows.length, pageInfo: asRecord(answer.pageInfo) };
	});
}

/** @returns the API's count of all rows; 0 if it gives none */
function totalOf({ total, totalItems }: IDataObject): number {
	// The docs don't say what their two totals mean (docs/dev/api-truth.md, Lists). The larger one is that of the whole list.
	return Math.max(0, ...[total, totalItems].map(Number).filter((count) => count > 0));
}

/**
 * Reads a list page by page. Each record is yielded once, even if rows move while the list is read.
 *
 * The first page is fetched alone. If more rows are wanted and the API says how many there are, several pages are then in flight at the
 * same time, until rows have moved; after that, it's one page at a time. If the API doesn't say, the list ends with a page without new
 * rows, and not with a short one, because the API may use smaller pages than those asked for.
 *
 * @param firstPage the page to begin with, counted from 1
 * @param wantedRows the number of rows to fetch ahead of the caller. Default: none, each page is fetched when the caller asks for it
 * @yields the rows of a page; the number of the next page, undefined after the last one; and the number of the last page known so far
 * @throws NodeApiError if a page cannot be fetched or has no list; UserError if the list does not end
 */
export async function* listPages(
	send: Send,
	list: ListRequest,
	firstPage = 1,
	wantedRows = 0,
): AsyncGenerator<{ rows: IDataObject[]; nextPage?: number; lastPage: number }> {
	const seen = new Set<string>();
	const isNew = (record: IDataObject) => {
		const ids = (list.idFields ?? ['id']).map((field) => record[field]);
		const identity = JSON.stringify(ids[0] ? ids : record);
		return !seen.has(identity) && seen.add(identity);
	};
	const ahead: Array<ReturnType<typeof fetchPage>> = [];
	let rowsSoFar: number | undefined;
	let hasMoved = false;
	let pagesWithoutNews = 0;
	for (let number = firstPage; number < firstPage + MAX_PAGES; number++) {
		const { records, rowCount, pageInfo } = await (ahead.shift() ?? fetchPage(send, list, number));
		rowsSoFar = (rowsSoFar ?? (firstPage - 1) * (Number(pageInfo.perPage) || rowCount)) + rowCount;
		const newRecords = records.filter(isNew);
		const total = totalOf(pageInfo);
		const lastPage = Number(pageInfo.lastPage) || 0;
		// Rows have moved, and may move again, so a page that was fetched ahead may lack one.
		if (newRecords.length < records.length) {
			hasMoved = true;
			ahead.length = 0;
		}
		const hasMore = rowCount > 0 && (lastPage > number || total > rowsSoFar);
		const isLast = !hasMore && (newRecords.length === 0 || total === rowsSoFar || lastPage === number);
		// A page that others follow is full, so its number of rows is the API's page size.
		const announced = hasMore ? Math.max(lastPage, Math.ceil(total / rowCount)) : 0;
		yield {
			rows: newRecords.filter((record) => isAsked(record, list.qs)),
			nextPage: isLast ? undefined : number + 1,
			lastPage: Math.max(announced, number),
		};
		if (isLast) return;
		pagesWithoutNews = newRecords.length === 0 ? pagesWithoutNews + 1 : 0;
		if (pagesWithoutNews === MAX_PAGES_WITHOUT_NEWS) break;
		if (hasMoved) continue;
		const wanted = firstPage - 1 + Math.ceil(wantedRows / rowCount);
		const until = Math.min(announced, wanted, number + MAX_PAGES_IN_FLIGHT);
		while (number + ahead.length < until) {
			const page = fetchPage(send, list, number + ahead.length + 1);
			// The caller may stop before it reads a page that failed, which would leave its rejection unhandled.
			page.catch(() => undefined);
			ahead.push(page);
		}
	}
	throw new UserError(
		"n8n can't find the end of VideoSDK's list. If 'Return All' is on, set a 'Limit' instead. You can also add filters, for calls a 'Start Date'.",
	);
}

/**
 * Reads a list until enough records are found.
 *
 * @param limit records at most; Infinity: all
 * @param isWanted a filter that the API does not have
 */
export async function listRecords(
	send: Send,
	list: ListRequest,
	limit: number,
	isWanted?: (record: IDataObject) => boolean,
): Promise<IDataObject[]> {
	const records: IDataObject[] = [];
	for await (const { rows } of listPages(send, list, 1, isWanted ? Infinity : limit)) {
		records.push(...(isWanted ? rows.filter(isWanted) : rows));
		if (records.length >= limit) break;
	}
	return records.slice(0, limit);
}
