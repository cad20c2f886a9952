import type { IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';
import type { Send } from './client';
import type { ListRequest, Page } from './page';
import { announcedLastPage, fetchPage, isLastPage, pageSizeOf, totalOf } from './page';

export type { ListRequest } from './page';
export { PAGE_SIZE } from './page';

/** Against a server that never ends a list. */
const MAX_PAGES = 2_000;
/** Pages of one list that are in flight at the same time. */
export const MAX_PAGES_IN_FLIGHT = 10;
/** How often a whole list is read when rows vanish meanwhile. */
const MAX_PASSES = 3;

/** How a list is read ahead. */
interface ReadAhead {
	/** The rows that are wanted at most: no page beyond them is asked for before it is known to be needed. Default: Infinity */
	rows?: number;
	/** Told of each page when it arrives. */
	onPage?: (page: Page, number: number) => void;
}

/**
 * Reads a list in the order of its pages. A record comes once, also when rows move while the list is read.
 *
 * With `ahead`, the first page is read alone. Then several pages are in flight: as many as the API says there are or, if it does not
 * say, twice as many each time, so that a caller who soon has enough causes few requests in vain. Never more than
 * MAX_PAGES_IN_FLIGHT.
 *
 * @param firstPage where to begin, counted from 1
 * @param ahead reads several pages at the same time. Default: one after another
 * @yields the rows of one page and the number of the next page, undefined after the last one
 * @throws NodeApiError if a page cannot be had or holds no list; UserError if the list does not end
 */
export async function* listPages(
	send: Send,
	list: ListRequest,
	firstPage = 1,
	ahead?: ReadAhead,
): AsyncGenerator<{ rows: IDataObject[]; nextPage?: number }> {
	const seen = new Set<string>();
	const inFlight: Array<Promise<Page>> = [];
	const fetchNext = () => {
		const number = firstPage + asked++;
		const fetched = fetchPage(send, list, number).then((page) => {
			ahead?.onPage?.(page, number);
			return page;
		});
		// The caller may never take it: then its failure concerns nobody.
		fetched.catch(() => undefined);
		inFlight.push(fetched);
	};
	let asked = 0;
	let width = 1;
	let lastWanted = firstPage;
	let rowsSoFar: number | undefined;
	for (let page = firstPage; page < firstPage + MAX_PAGES; page++) {
		while (inFlight.length === 0 || (inFlight.length < width && firstPage + asked <= lastWanted)) fetchNext();
		const { records, rowCount, pageInfo } = await (inFlight.shift() as Promise<Page>);
		rowsSoFar = (rowsSoFar ?? (firstPage - 1) * pageSizeOf(pageInfo)) + rowCount;
		const isLast = isLastPage(page, rowCount, rowsSoFar, pageInfo);
		const newRows = records.filter((row) => {
			const identity = list.identityOf(row);
			if (identity !== '' && seen.has(identity)) return false;
			seen.add(identity);
			return true;
		});
		yield { rows: newRows, nextPage: isLast ? undefined : page + 1 };
		if (isLast) return;
		if (ahead === undefined) continue;
		const announced = announcedLastPage(pageInfo);
		width = announced === Infinity ? Math.min(width * 2, MAX_PAGES_IN_FLIGHT) : MAX_PAGES_IN_FLIGHT;
		const wantedPages = Math.ceil((ahead.rows ?? Infinity) / pageSizeOf(pageInfo));
		lastWanted = Math.min(announced, firstPage - 1 + wantedPages);
	}
	throw new UserError(
		`VideoSDK's list did not end after ${MAX_PAGES} pages. Switch 'Return All' off and set a 'Limit', or use fewer 'Filters'.`,
	);
}

/** Adds the rows that `found` does not hold yet, each after the row that comes before it in the list. */
function addMissing(found: IDataObject[], rows: IDataObject[], identityOf: ListRequest['identityOf']): void {
	const known = new Set(found.map(identityOf));
	rows.forEach((row, index) => {
		if (known.has(identityOf(row))) return;
		const before = rows[index - 1];
		const place =
			before === undefined ? -1 : found.findIndex((other) => identityOf(other) === identityOf(before));
		found.splice(place + 1, 0, row);
	});
}

/**
 * Reads a whole list once.
 *
 * A row that vanishes moves those after it to earlier places, so that one of them may slip from a page that is still to come to one
 * that was read. Such a move shows: the total falls or, where there is none, a record comes twice (one appeared, too) or the last
 * page has changed.
 *
 * @returns the rows, and whether rows may have slipped away
 */
async function readOnce(send: Send, list: ListRequest): Promise<{ rows: IDataObject[]; hasShrunk: boolean }> {
	const rows: IDataObject[] = [];
	/** In the order in which they arrived. */
	const totals: number[] = [];
	let last = { number: 0, identities: '' };
	let recordCount = 0;
	const identitiesOf = (page: Page) => page.records.map(list.identityOf).join();
	const onPage = (page: Page, number: number) => {
		totals.push(totalOf(page.pageInfo));
		recordCount += page.records.length;
		if (page.rowCount > 0 && number > last.number) last = { number, identities: identitiesOf(page) };
	};
	for await (const page of listPages(send, list, 1, { onPage })) rows.push(...page.rows);
	if (last.number < 2) return { rows, hasShrunk: false };
	if (totals.every((total) => total >= rows.length)) {
		return { rows, hasShrunk: totals.some((total, index) => total < (totals[index - 1] ?? 0)) };
	}
	if (recordCount > rows.length) return { rows, hasShrunk: true };
	return { rows, hasShrunk: identitiesOf(await fetchPage(send, list, last.number)) !== last.identities };
}

/**
 * Reads a whole list. It is read anew, at most MAX_PASSES times in all, when rows vanished meanwhile.
 *
 * @returns each record that was there all the time, once, in the list's order; one that appeared or vanished meanwhile may be there
 */
async function readAll(send: Send, list: ListRequest): Promise<IDataObject[]> {
	const { rows: found, hasShrunk } = await readOnce(send, list);
	let isIncomplete = hasShrunk;
	for (let pass = 2; isIncomplete && pass <= MAX_PASSES; pass++) {
		const again = await readOnce(send, list);
		addMissing(found, again.rows, list.identityOf);
		isIncomplete = again.hasShrunk;
	}
	return found;
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
	if (limit === Infinity) {
		const all = await readAll(send, list);
		return isWanted ? all.filter(isWanted) : all;
	}
	const records: IDataObject[] = [];
	for await (const { rows } of listPages(send, list, 1, { rows: isWanted ? Infinity : limit })) {
		for (const row of rows) {
			if (isWanted && !isWanted(row)) continue;
			records.push(row);
			if (records.length >= limit) return records;
		}
	}
	return records;
}
