import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { isLastPage } from '../../../nodes/VideoSdkAgentCloud/api/page';
import { listPages, PAGE_SIZE } from '../../../nodes/VideoSdkAgentCloud/api/pagination';
import type { Send } from '../../../nodes/VideoSdkAgentCloud/api/client';
import type { ListRequest } from '../../../nodes/VideoSdkAgentCloud/api/pagination';
import { checkAsync } from '../support';

const LIST: ListRequest = { path: '/list', identityOf: ({ id }) => String(id ?? '') };

/** What a server says of the whole list. */
type PageInfo = (page: { rowCount: number; page: number; perPage: number; all: number }) => unknown;

interface List {
	all: number;
	/** Rows on a page at most, whatever is asked for. */
	cap?: number;
	pageInfo: PageInfo;
}

/** Plays the list endpoint of the API. */
function serverOf({ all, cap = Infinity, pageInfo }: List): { send: Send; pages: number[] } {
	const rows = Array.from({ length: all }, (_, id) => ({ id }));
	const pages: number[] = [];
	const send: Send = async (request, read) => {
		const { page, perPage: asked } = request.qs as { page: number; perPage: number };
		const perPage = Math.min(asked, cap);
		pages.push(page);
		const data = rows.slice((page - 1) * perPage, page * perPage);
		const info = pageInfo({ rowCount: data.length, page, perPage, all });
		const answer = JSON.parse(JSON.stringify({ data, pageInfo: info })) as IDataObject;
		const result = read(answer, {});
		if (result === undefined) throw new Error('The answer holds no list');
		return result;
	};
	return { send, pages };
}

/** Reads a list to its end, or as far as the next page that is named after `looks` pages. */
async function readAll(send: Send, firstPage?: number): Promise<number[]> {
	const ids: number[] = [];
	for await (const { rows } of listPages(send, LIST, firstPage)) {
		ids.push(...rows.map(({ id }) => Number(id)));
	}
	return ids;
}

const range = (from: number, to: number) =>
	Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);

/** What servers may say. Each of them names the whole list's size, or none, in one way or the other. */
const PAGE_INFOS: Record<string, PageInfo> = {
	'both totals': ({ all, page, perPage }) => ({ totalItems: all, total: all, currentPage: page, perPage }),
	'totalItems only': ({ all, perPage }) => ({ totalItems: all, perPage }),
	'total only': ({ all }) => ({ total: all }),
	'totals as text': ({ all }) => ({ totalItems: String(all), total: String(all) }),
	'total is the number of pages': ({ all, perPage }) => ({
		totalItems: all,
		total: Math.ceil(all / perPage),
		perPage,
	}),
	'totalItems counts the page': ({ all, rowCount, perPage }) => ({
		totalItems: rowCount,
		total: all,
		perPage,
	}),
	'total counts the page': ({ all, rowCount, perPage }) => ({ totalItems: all, total: rowCount, perPage }),
	'one total is far too high': ({ all }) => ({ totalItems: all, total: all + 1_000 }),
	'one total is 0': ({ all }) => ({ totalItems: all, total: 0 }),
	'one total is garbage': ({ all }) => ({ totalItems: all, total: 'many' }),
	'no totals': ({ page, perPage }) => ({ currentPage: page, perPage }),
	'totals that are 0': ({ perPage }) => ({ totalItems: 0, total: 0, perPage }),
	'totals that are negative': ({ perPage }) => ({ totalItems: -1, total: -1, perPage }),
	'totals that are null': ({ perPage }) => ({ totalItems: null, total: null, perPage }),
	'lastPage only': ({ all, perPage }) => ({ lastPage: Math.ceil(all / perPage), perPage }),
	'lastPage, and totals that count the page': ({ all, rowCount, perPage }) => ({
		lastPage: Math.ceil(all / perPage),
		total: rowCount,
		totalItems: rowCount,
		perPage,
	}),
	'lastPage is too low': ({ all, perPage }) => ({ lastPage: 1, totalItems: all, perPage }),
	'lastPage is garbage': ({ all, perPage }) => ({ lastPage: 'many', totalItems: all, perPage }),
	'only one row, it says': ({ perPage }) => ({ total: 1, totalItems: 1, perPage }),
};

describe('listPages', () => {
	it('leaves out rows that are no records', async () => {
		const answer = { data: [null, { id: 'a' }, 5, ['b'], 'text'] };
		const found: unknown[] = [];
		const send: Send = async (_request, read) => read(answer as never, {}) as never;
		for await (const { rows } of listPages(send, LIST)) found.push(...rows);
		expect(found).toEqual([{ id: 'a' }]);
	});

	const size = fc.oneof(fc.nat(10), fc.nat(400), fc.constantFrom(49, 50, 51, 99, 100, 101, 150));
	const cap = fc.option(fc.integer({ min: 2, max: 60 }), { nil: undefined });

	it.each(Object.entries(PAGE_INFOS))(
		'reads every row exactly once, and comes to an end: %s',
		async (_name, pageInfo) => {
			await checkAsync(
				fc.asyncProperty(size, cap, async (all, maxRows) => {
					// A server that names neither a total nor its cap, and keeps to a smaller page, cannot be told from an ended list.
					const isCapNamed = ['perPage', 'total', 'totalItems'].some(
						(field) =>
							(pageInfo({ all: 1_000, rowCount: 9, page: 1, perPage: 9 }) as IDataObject)[field] !==
							undefined,
					);
					const { send, pages } = serverOf({ all, cap: isCapNamed ? maxRows : undefined, pageInfo });
					expect(await readAll(send)).toEqual(range(0, all));
					const perPage = Math.min(PAGE_SIZE, maxRows ?? PAGE_SIZE);
					expect(pages).toEqual(range(1, pages.length + 1));
					expect(pages.length).toBeLessThanOrEqual(Math.ceil(all / perPage) + 1);
				}),
				150,
			);
		},
	);

	it.each([undefined, null, {}, [], 5, 'text'])(
		'reads every row exactly once where pageInfo is %j',
		async (info) => {
			for (const all of [0, 1, 49, 50, 51, 100, 120]) {
				const { send } = serverOf({ all, pageInfo: () => info });
				expect(await readAll(send)).toEqual(range(0, all));
			}
		},
	);

	it.each(Object.entries(PAGE_INFOS))('reads on from a later page: %s', async (_name, pageInfo) => {
		await checkAsync(
			fc.asyncProperty(size, cap, fc.integer({ min: 1, max: 12 }), async (all, maxRows, firstPage) => {
				const { send } = serverOf({ all, cap: maxRows, pageInfo });
				const perPage = Math.min(PAGE_SIZE, maxRows ?? PAGE_SIZE);
				const isCapKnown =
					maxRows === undefined ||
					maxRows >= PAGE_SIZE ||
					'perPage' in (pageInfo({ all, rowCount: 1, page: 1, perPage }) as object);
				fc.pre(isCapKnown);
				expect(await readAll(send, firstPage)).toEqual(range((firstPage - 1) * perPage, all));
			}),
			150,
		);
	});

	it('asks for no page after the last one if the total is known', async () => {
		const { send, pages } = serverOf({ all: 100, pageInfo: PAGE_INFOS['both totals'] as PageInfo });
		await readAll(send);
		expect(pages).toEqual([1, 2]);
	});

	it('names the next page, and none after the last one', async () => {
		const { send } = serverOf({ all: 120, pageInfo: PAGE_INFOS['both totals'] as PageInfo });
		const nextPages: unknown[] = [];
		for await (const { nextPage } of listPages(send, LIST)) nextPages.push(nextPage);
		expect(nextPages).toEqual([2, 3, undefined]);
	});

	it('reads no further than the caller does', async () => {
		const { send, pages } = serverOf({ all: 1_000, pageInfo: PAGE_INFOS['both totals'] as PageInfo });
		for await (const { rows } of listPages(send, LIST)) if (rows.length > 0) break;
		expect(pages).toEqual([1]);
	});

	it('gives up in words if the server never ends the list', async () => {
		let pages = 0;
		const send: Send = async (_request, read) => {
			pages++;
			return read(
				{ data: Array(50).fill({ id: 1 }) as IDataObject[], pageInfo: { total: 1e12 } },
				{},
			) as never;
		};
		await expect(readAll(send)).rejects.toThrow('did not end after 2000 pages');
		expect(pages).toBe(2_000);
	});

	it('asks for pages of one size, with the filters of the API', async () => {
		const requests: unknown[] = [];
		const send: Send = async (request, read) => {
			requests.push(request);
			return read({ data: [] }, {}) as never;
		};
		for await (const page of listPages(send, { ...LIST, qs: { search: 'x' } })) expect(page.rows).toEqual([]);
		expect(requests).toEqual([{ method: 'GET', path: '/list', qs: { search: 'x', page: 1, perPage: 50 } }]);
	});

	it('gives a record once, also when records are added while the list is read', async () => {
		let rows = Array.from({ length: 100 }, (_, index) => ({ id: index }));
		const send: Send = async ({ qs }, read) => {
			const { page, perPage } = qs as { page: number; perPage: number };
			const data = rows.slice((page - 1) * perPage, page * perPage);
			rows = [{ id: 1_000 + page }, ...rows];
			return read({ data, pageInfo: { total: rows.length, perPage } }, {}) as never;
		};
		// The record that was last on a page is first on the next one, each time.
		expect(await readAll(send)).toEqual(range(0, 100));
	});

	it('gives every record that has no identity', async () => {
		const send: Send = async (_request, read) => read({ data: [{ a: 1 }, { a: 1 }] }, {}) as never;
		const found: unknown[] = [];
		for await (const { rows } of listPages(send, LIST)) found.push(...rows);
		expect(found).toEqual([{ a: 1 }, { a: 1 }]);
	});

	it('finds the rows under the first of the keys that holds a list', async () => {
		const find = async (answer: IDataObject) => {
			const send: Send = async (_request, read) => read(answer, {}) as never;
			for await (const { rows } of listPages(send, { ...LIST, keys: ['rows', 'data'] })) return rows;
			return undefined;
		};
		expect(await find({ rows: [{ id: 'a' }], data: [{ id: 'b' }] })).toEqual([{ id: 'a' }]);
		expect(await find({ rows: {}, data: [{ id: 'b' }] })).toEqual([{ id: 'b' }]);
	});

	it.each([undefined, null, {}, 'x', 5])('finds no list in data that is %j', async (data) => {
		const send: Send = async (_request, read) => {
			const result = read({ data } as IDataObject, {});
			if (result === undefined) throw new Error('The answer holds no list');
			return result;
		};
		await expect(readAll(send)).rejects.toThrow('no list');
	});
});

describe('isLastPage', () => {
	it.each([
		[1, 0, 0, {}, true],
		[2, 0, 50, { total: 1_000 }, true],
		[1, 50, 50, { total: 51 }, false],
		[1, 50, 50, { total: 50 }, true],
		[1, 50, 50, { totalItems: 120, total: 50 }, false],
		[1, 50, 50, { totalItems: 50, total: 120 }, false],
		[3, 20, 120, { total: 120 }, true],
		[2, 50, 100, { total: 2 }, false],
		[3, 20, 120, { total: 3 }, true],
		[1, 20, 20, { perPage: 20 }, false],
		[2, 19, 39, { perPage: 20 }, true],
		[1, 50, 50, {}, false],
		[1, 49, 49, {}, true],
		[1, 49, 49, { perPage: 0 }, true],
		[1, 20, 20, { lastPage: 2 }, false],
		[1, 50, 50, { lastPage: 2, total: 50 }, false],
		[2, 20, 70, { lastPage: 2 }, true],
		[2, 50, 100, { lastPage: 2, total: 100 }, true],
		[2, 0, 50, { lastPage: 9 }, true],
		[1, 20, 20, { lastPage: 'many' }, true],
	])('page %j, %j rows, %j so far, %j: %j', (page, rowCount, rowsSoFar, pageInfo, isLast) => {
		expect(isLastPage(page, rowCount, rowsSoFar, pageInfo as IDataObject)).toBe(isLast);
	});
});
