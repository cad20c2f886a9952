import { UserError, type IDataObject } from 'n8n-workflow';
import { asRecord, isRecord, roomIdOf } from './responseReaders';
import type { ApiRequest, Send } from './client';
import { apiSessionId } from '../sessionId';

/** The same for each page of a list: the API counts pages by it. */
export const PAGE_SIZE = 50;
/** Against a server that never ends a list. */
const MAX_PAGES = 2_000;
/** After so many in a row without a new row, the list doesn't go on. */
const MAX_PAGES_WITHOUT_NEWS = 3;
/** Pages of one list that are in flight at the same time, at most. */
const MAX_PAGES_IN_FLIGHT = 10;

/** A list of the API. */
export interface ListRequest {
	path: string[];
	/** The API's own filters. Rows of other rooms or sessions than `roomId` and `sessionId` in it are dropped. */
	qs?: IDataObject;
	/** The fields of the answer under which the rows may be found. Default: `data` */
	keys?: string[];
	/** See ApiRequest. */
	holdsSecrets?: boolean;
	/** Makes a record of a row. Default: the row itself */
	toRecord?: (row: IDataObject) => IDataObject;
	/** What tells records apart: rows move to the next page when a record is added while the list is read. Default: `id` */
	idFields?: string[];
}

/** @returns whether a record is of the room and session that were asked for, as far as it names them */
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
		// Some services write an empty list as null.
		const isEmpty = lists.includes(null) && isRecord(answer.pageInfo) && totalOf(answer.pageInfo) === 0;
		const rows: unknown[] | undefined = lists.find(Array.isArray) ?? (isEmpty ? [] : undefined);
		if (rows === undefined) return undefined;
		// Rows that are no objects could not become items.
		const records = rows.filter(isRecord).map(toRecord);
		return { records, rowCount: rows.length, pageInfo: asRecord(answer.pageInfo) };
	});
}

/** @returns the API's count of all rows, 0 if it gives none */
function totalOf({ total, totalItems }: IDataObject): number {
	// The docs name two totals whose meaning they leave open. The larger one is that of the whole list.
	return Math.max(0, ...[total, totalItems].map(Number).filter((count) => count > 0));
}

/**
 * Reads a list page by page. A record comes once, even when rows move while the list is read.
 *
 * The first page is fetched alone. If more rows are wanted and the API says how many there are, several pages are then in flight at the
 * same time, until rows have moved: then it is one page at a time. Where the API says nothing, a page without new rows is the last one:
 * it may keep to smaller pages than those asked for.
 *
 * @param firstPage where to begin, counted from 1
 * @param wantedRows the rows to fetch ahead of the caller. Default: none, each page is fetched when the caller asks for it
 * @yields the rows of one page, the number of the next page, undefined after the last one, and of the last page that the API tells of
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
	/** The pages that follow the present one, as far as they were requested. */
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
		// Rows have moved, so a page that was fetched ahead may lack the one that moved to it. They may move again.
		if (newRecords.length < records.length) {
			hasMoved = true;
			ahead.length = 0;
		}
		const hasMore = rowCount > 0 && (lastPage > number || total > rowsSoFar);
		const isLast = !hasMore && (newRecords.length === 0 || total === rowsSoFar || lastPage === number);
		// A page with others after it is full, however many rows were asked for.
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
			// The caller may stop before it comes to a page that failed.
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
