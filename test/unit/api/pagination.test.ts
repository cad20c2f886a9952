import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import type { Send } from '../../../nodes/VideoSdkAgentCloud/api/client';
import {
	listPages,
	listRecords,
	MAX_PAGES_IN_FLIGHT,
	PAGE_SIZE,
	type ListRequest,
} from '../../../nodes/VideoSdkAgentCloud/api/pagination';
import { checkAsync } from '../support';

const LIST: ListRequest = { path: '/list' };

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

/** Reads a list to its end. @param wantedRows see `listPages` */
async function readAll(send: Send, firstPage?: number, wantedRows?: number): Promise<number[]> {
	const ids: number[] = [];
	for await (const { rows } of listPages(send, LIST, firstPage, wantedRows)) {
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
				fc.asyncProperty(size, cap, fc.boolean(), async (all, maxRows, isAhead) => {
					const { send, pages } = serverOf({ all, cap: maxRows, pageInfo });
					expect(await readAll(send, 1, isAhead ? Infinity : 0)).toEqual(range(0, all));
					expect(pages).toEqual(range(1, pages.length + 1));
					const needed = Math.ceil(all / Math.min(PAGE_SIZE, maxRows ?? PAGE_SIZE));
					if (!isAhead) expect(pages.length).toBeLessThanOrEqual(needed + 1);
				}),
				60,
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
				expect(await readAll(send, firstPage)).toEqual(range((firstPage - 1) * perPage, all));
			}),
			60,
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
		await expect(readAll(send)).rejects.toThrow('is longer than 2000 pages');
		expect(pages).toBe(2_000);
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

	it('ends with the first page of a server that knows no pages, whether or not its records have IDs', async () => {
		for (const data of [
			[{ id: 1 }, { id: 2 }],
			[{ a: 1 }, { a: 2 }],
		]) {
			let requests = 0;
			const send: Send = async (_request, read) => {
				requests++;
				return read({ data }, {}) as never;
			};
			expect(await listRecords(send, LIST, Infinity)).toEqual(data);
			expect(requests).toBe(2);
		}
	});

	it.each<[string, IDataObject[], IDataObject, unknown[]]>([
		[
			'another room',
			[
				{ id: 1, roomId: 'a' },
				{ id: 2, roomId: 'b' },
			],
			{ roomId: 'a' },
			[1],
		],
		[
			'another session',
			[
				{ id: 1, sessionId: 'b' },
				{ id: 2, sessionId: 'a' },
			],
			{ sessionId: 'a' },
			[2],
		],
		['no room that it names', [{ id: 1 }, { id: 2, roomId: null }], { roomId: 'a' }, [1, 2]],
		[
			'the session in the spelling of events',
			[{ id: 1, sessionId: 'session-6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b' }],
			{ sessionId: '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b' },
			[1],
		],
	])('of an API that ignores its filter, judges a row of %s', async (_what, data, qs, ids) => {
		const send: Send = async (_request, read) =>
			read({ data, pageInfo: { total: data.length } }, {}) as never;
		const rows = await listRecords(send, { ...LIST, qs: { roomId: undefined, ...qs } }, Infinity);
		expect(rows.map(({ id }) => id)).toEqual(ids);
	});

	it('reads on behind a page of which no row was asked for', async () => {
		const { send } = serverOf({ all: 120, pageInfo: () => ({}) });
		const ofRoom = {
			...LIST,
			qs: { roomId: 'a' },
			toRecord: ({ id }: IDataObject) => ({ id, roomId: id === 110 ? 'a' : 'b' }),
		};
		expect(await listRecords(send, ofRoom, Infinity)).toEqual([{ id: 110, roomId: 'a' }]);
	});

	it('hands over page 1 before page 2 fails', async () => {
		const { send } = serverOf({ all: 120, pageInfo: PAGE_INFOS['both totals'] as PageInfo });
		const found: unknown[] = [];
		const failing: Send = async (request, read) => {
			if (request.qs?.page === 2) throw new Error('page 2');
			return await send(request, read);
		};
		const reading = async () => {
			for await (const { rows } of listPages(failing, LIST)) found.push(...rows);
		};
		await expect(reading()).rejects.toThrow('page 2');
		expect(found).toHaveLength(PAGE_SIZE);
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

	it('takes null beside a pageInfo for an empty list, as some services write it', async () => {
		const send: Send = async (_request, read) => read({ data: null, pageInfo: { total: 0 } }, {}) as never;
		expect(await readAll(send)).toEqual([]);
		const odd: Send = async (_request, read) => {
			expect(read({ data: null, pageInfo: { total: 7 } }, {})).toBeUndefined();
			throw new Error('The answer holds no list');
		};
		await expect(readAll(odd)).rejects.toThrow('no list');
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

describe.each([
	['a total', PAGE_INFOS['both totals'] as PageInfo],
	['no total', () => ({})],
])('A long list with %s, fetched ahead', (_name, pageInfo) => {
	/** Counts what is in flight, and in how many rounds the pages come. */
	const slow = (all: number) => {
		const server = serverOf({ all, pageInfo });
		const counts = { inFlight: 0, most: 0, rounds: 0 };
		let round: Promise<void> | undefined;
		const send: Send = async (request, read) => {
			counts.most = Math.max(counts.most, ++counts.inFlight);
			round ??= new Promise((resolve) =>
				setImmediate(() => {
					counts.rounds++;
					round = undefined;
					resolve();
				}),
			);
			await round;
			counts.inFlight--;
			return await server.send(request, read);
		};
		return { send, counts, pages: server.pages };
	};

	it('comes at least four times as fast as page after page, in order, with few pages in flight', async () => {
		const { send, counts, pages } = slow(2_500);
		expect(await listRecords(send, LIST, Infinity)).toEqual(range(0, 2_500).map((id) => ({ id })));
		expect(counts.rounds).toBeLessThan(50 / 4);
		expect(counts.most).toBe(MAX_PAGES_IN_FLIGHT);
		expect(pages.length).toBeLessThanOrEqual(50 + MAX_PAGES_IN_FLIGHT);
	});

	it('is not fetched further than a limit needs', async () => {
		const { send, pages } = slow(5_000);
		expect(await listRecords(send, LIST, 120)).toHaveLength(120);
		expect(pages).toEqual([1, 2, 3]);
	});

	it('is not fetched much further when a filter soon finds enough', async () => {
		const { send, pages } = slow(5_000);
		expect(await listRecords(send, LIST, 1, ({ id }) => id === 60)).toEqual([{ id: 60 }]);
		await new Promise((resolve) => setTimeout(resolve, 20));
		expect(pages.length).toBeLessThanOrEqual(2 * MAX_PAGES_IN_FLIGHT + 1);
	});

	it('fails with the page that fails, and those in flight fail unheard', async () => {
		const { send } = slow(1_000);
		const failing: Send = async (request, read) => {
			const page = await send(request, read);
			if (Number(request.qs?.page) > 3) throw new Error(`page ${String(request.qs?.page)}`);
			return page;
		};
		await expect(listRecords(failing, LIST, Infinity)).rejects.toThrow('page 4');
	});
});
