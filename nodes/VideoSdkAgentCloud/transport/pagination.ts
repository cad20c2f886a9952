import type { IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';
import type { ApiRequest, Send } from './request';
import { isRecord } from './request';

/** The same for each page of a list: the API counts pages by it. */
export const PAGE_SIZE = 50;
/** Against a server that never ends a list. */
const MAX_PAGES = 2_000;

/** The rows on a full page: the API says so if it keeps to smaller pages than those asked for. */
function pageSizeOf(pageInfo: IDataObject): number {
	return Number(pageInfo.perPage) || PAGE_SIZE;
}

/** Whether a page is the last one, judged from its rows and what the API says of the whole. */
export function isLastPage(rowCount: number, rowsSoFar: number, pageInfo: IDataObject): boolean {
	if (rowCount === 0) return true;
	// The API's page names two totals whose meaning its docs leave open; the larger one is that of the whole list.
	const totals = [pageInfo.total, pageInfo.totalItems].map(Number).filter((total) => total > 0);
	const total = Math.max(...totals, 0);
	if (total > rowsSoFar) return false;
	if (total === rowsSoFar) return true;
	// No total, or one that counts something else.
	return rowCount < pageSizeOf(pageInfo);
}

/**
 * Reads a list page by page.
 *
 * @param request the list's request, without its page
 * @param firstPage where to begin, counted from 1
 * @yields the rows of one page and the number of the next page, undefined after the last one
 * @throws NodeApiError if a page cannot be had or holds no list; UserError if the list does not end
 */
export async function* listPages(
	send: Send,
	request: ApiRequest,
	firstPage = 1,
): AsyncGenerator<{ rows: IDataObject[]; nextPage?: number }> {
	let rowsSoFar: number | undefined;
	for (let page = firstPage; page < firstPage + MAX_PAGES; page++) {
		const { data: rows, pageInfo } = await send({ ...request, qs: { page, perPage: PAGE_SIZE } }, (answer) =>
			Array.isArray(answer.data) ? (answer as { data: IDataObject[]; pageInfo?: IDataObject }) : undefined,
		);
		rowsSoFar = (rowsSoFar ?? (firstPage - 1) * pageSizeOf(pageInfo ?? {})) + rows.length;
		const isLast = isLastPage(rows.length, rowsSoFar, pageInfo ?? {});
		// A row that is no record could not become an item.
		yield { rows: rows.filter(isRecord), nextPage: isLast ? undefined : page + 1 };
		if (isLast) return;
	}
	throw new UserError(
		`VideoSDK's list did not end after ${MAX_PAGES} pages. Switch "Return All" off and set a "Limit", or use fewer "Filters".`,
	);
}
