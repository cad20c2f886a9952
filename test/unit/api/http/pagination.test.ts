import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import type { Send } from '../../../../nodes/VideoSdkAgentCloud/api/http/client';
import {
	listPages,
	listRecords,
	PAGE_SIZE,
	type ListRequest,
} from '../../../../nodes/VideoSdkAgentCloud/api/http/pagination';
import { checkAsync } from '../../support';

const LIST: ListRequest = { path: ['list'] };

/** What a server says of the whole list. */
type PageInfo = (page: { rowCount: number; page: number; perPage: number; all: number }) => unknown;

/** An API that answers every request like this. */
const answering = (answer: IDataObject | (() => IDataObject)): Send & { requests: number } => {
	const send = async (_request: unknown, read: (answer: IDataObject, headers: object) => unknown) => {
		send.requests++;
		const result = read(typeof answer === 'function' ? answer() : answer, {});
		if (result === undefined) throw new Error('The answer holds no list');
		return result;
	};
	send.requests = 0;
	return send as unknown as Send & { requests: number };
};

/** Plays the list endpoint of the API, with the pages that were asked for. @param cap rows on a page at most */
function serverOf(all: number, pageInfo: PageInfo, cap = Infinity, firstId = 0) {
	const rows = range(firstId, firstId + all).map((id) => ({ id }));
	const pages: number[] = [];
	const send: Send = async (request, read) => {
		const { page, perPage: asked } = request.qs as { page: number; perPage: number };
		const perPage = Math.min(asked, cap);
		pages.push(page);
		const data = rows.slice((page - 1) * perPage, page * perPage);
		const info = pageInfo({ rowCount: data.length, page, perPage, all });
		const answer = JSON.parse(JSON.stringify({ data, pageInfo: info })) as IDataObject;
		return await answering(answer)(request, read);
	};
	return { send, pages };
}

async function readAll(send: Send, firstPage?: number, wantedRows?: number): Promise<number[]> {
	const ids: number[] = [];
	for await (const { rows } of listPages(send, LIST, firstPage, wantedRows))
		ids.push(...rows.map(({ id }) => Number(id)));
	return ids;
}

const range = (from: number, to: number) =>
	Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);

const totals: PageInfo = ({ all, page, perPage }) => ({
	totalItems: all,
	total: all,
	currentPage: page,
	perPage,
});
/** What a field of a page may say of the list's size. */
type Claim = (page: Parameters<PageInfo>[0]) => unknown;
const TRUTHS: Record<string, Claim> = {
	total: ({ all }) => all,
	totalItems: ({ all }) => String(all),
	lastPage: ({ all, perPage }) => Math.ceil(all / perPage),
};
const silence = fc.constantFrom<Claim>(...[undefined, null, 0, -1, 'many'].map((none) => () => none));
const lie = fc.constantFrom<Claim>(
	({ rowCount }) => rowCount,
	({ all, perPage }) => Math.ceil(all / perPage),
	({ all }) => all + 1_000,
	() => 1,
);
const fieldsOf = (claim: fc.Arbitrary<Claim>) =>
	fc.record({ total: claim, totalItems: claim, lastPage: claim });
/** One field at least says the truth, or none says anything. */
const claims = fc.oneof(
	fc
		.tuple(fieldsOf(fc.oneof(silence, lie)), fc.constantFrom(...Object.keys(TRUTHS)))
		.map(([fields, name]) => ({ ...fields, [name]: TRUTHS[name]! })),
	fieldsOf(silence),
);
const pageInfos = fc.oneof(
	claims.map((fields): PageInfo => {
		const said = (page: Parameters<Claim>[0]) =>
			Object.entries(fields).map(([name, claim]) => [name, claim(page)]);
		return (page) => ({ ...Object.fromEntries(said(page)), currentPage: page.page, perPage: page.perPage });
	}),
	fc.constantFrom<PageInfo>(...[undefined, null, {}, [], 5, 'text'].map((info) => () => info)),
);

describe('listPages', () => {
	const size = fc.oneof(fc.nat(10), fc.nat(400), fc.constantFrom(49, 50, 51, 99, 100, 101, 150));
	const cap = fc.option(fc.integer({ min: 2, max: 60 }), { nil: undefined });
	const firstPage = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 12 }));
	const lastPage: PageInfo = ({ all, perPage }) => ({ lastPage: Math.ceil(all / perPage) });
	const told = fc.constantFrom(totals, lastPage);

	it('reads every row exactly once from any page on, and comes to an end, whatever the server says', async () => {
		const property = fc.asyncProperty(
			...[size, cap, firstPage, fc.boolean(), pageInfos],
			async (all, maxRows, first, isAhead, pageInfo) => {
				const perPage = Math.min(PAGE_SIZE, maxRows ?? PAGE_SIZE);
				const { send, pages } = serverOf(all, pageInfo, maxRows);
				const ids = await readAll(send, first, isAhead ? Infinity : 0);
				expect(ids).toEqual(range((first - 1) * perPage, all));
				expect(pages).toEqual(range(first, first + pages.length));
				const needed = Math.ceil(all / perPage) - first + 1;
				if (!isAhead) expect(pages.length).toBeLessThanOrEqual(Math.max(needed, 0) + 1);
			},
		);
		await checkAsync(property, 2_000);
	});

	it('loses no row if one is added while pages are fetched at the same time', async () => {
		const late = fc.integer({ min: 2, max: 8 });
		const many = fc.integer({ min: 150, max: 400 });
		const property = fc.asyncProperty(late, many, told, async (latePage, all, info) => {
			const [before, after] = [serverOf(all, info), serverOf(all + 1, info, Infinity, -1)];
			let isAdded = false;
			const send: Send = async (request, read) => {
				const { page } = request.qs as { page: number };
				// The pages after it are read first.
				if (page === latePage) isAdded ||= await new Promise((resolve) => setImmediate(resolve, true));
				return await (isAdded ? after : before).send(request, read);
			};
			const ids = new Set(await readAll(send, 1, Infinity));
			expect([...ids].filter((id) => id >= 0)).toHaveLength(all);
		});
		await checkAsync(property, 100);
	});

	it('asks for no page that the caller does not read', async () => {
		const { send, pages } = serverOf(1_000, totals);
		for await (const { rows } of listPages(send, LIST)) if (rows.length > 0) break;
		expect(pages).toEqual([1]);
	});

	it('says which page is next, and asks for none after the last one if the API tells which one that is', async () => {
		const property = fc.asyncProperty(size, cap, firstPage, told, async (all, maxRows, first, pageInfo) => {
			const { send } = serverOf(all, pageInfo, maxRows);
			const next: unknown[] = [];
			for await (const { nextPage } of listPages(send, LIST, first)) next.push(nextPage);
			const last = Math.ceil(all / Math.min(PAGE_SIZE, maxRows ?? PAGE_SIZE));
			expect(next).toEqual([...range(first + 1, last + 1), undefined]);
		});
		await checkAsync(property, 500);
	});

	it.each<[what: string, rowsOf: (request: number) => number[], requests: number]>([
		['never ends the list', (request) => range(50 * request, 50 * request + 50), 2_000],
		['sends the same page again and again', () => range(0, 50), 4],
	])('gives up in words if the server %s', async (_what, rowsOf, requests) => {
		const send = answering(() => ({
			data: rowsOf(send.requests).map((id) => ({ id })),
			pageInfo: { total: 1e12 },
		}));
		await expect(readAll(send)).rejects.toThrow("can't find the end");
		expect(send.requests).toBe(requests);
		// A limit may be set already, and no row fit the filters.
		await expect(listRecords(send, LIST, 50, () => false)).rejects.toThrow(
			"If 'Return All' is on, set a 'Limit'",
		);
	});

	it('asks for few pages more than there are while rows are being added', async () => {
		let all = 3_000;
		const pages: number[] = [];
		const send: Send = async (request, read) => {
			const { page } = request.qs as { page: number };
			pages.push(page);
			if (pages.length % 2 === 0) all++;
			return await serverOf(all, totals, Infinity, 3_000 - all).send(request, read);
		};
		const ids = new Set(await readAll(send, 1, Infinity));
		expect([...ids].filter((id) => id >= 0)).toHaveLength(3_000);
		expect(pages.length).toBeLessThan(75);
	});

	it('gives a record once, also when records are added and change while the list is read', async () => {
		let rows = range(0, 100).map((id) => ({ id }));
		const send: Send = async (request, read) => {
			const { page, perPage } = request.qs as { page: number; perPage: number };
			const data = rows.slice((page - 1) * perPage, page * perPage).map((row) => ({ ...row, page }));
			rows = [{ id: 1_000 + page }, ...rows];
			return await answering({ data, pageInfo: { total: rows.length, perPage } })(request, read);
		};
		// The record that was last on a page is first on the next one, each time.
		expect(await readAll(send)).toEqual(range(0, 100));
	});

	const UUID = '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b';
	it.each<[data: IDataObject[], qs: IDataObject, ids: unknown[]]>([
		[
			[{ roomId: 'a' }, { roomId: 'b' }, { meetingId: 'b' }, { roomId: null }, {}],
			{ roomId: 'a' },
			[0, 3, 4],
		],
		[[{ sessionId: 'b' }, { sessionId: `session-${UUID}` }], { sessionId: UUID }, [1]],
	])('leaves out what an API that ignores its filter adds: %j', async (data, qs, ids) => {
		const rows = data.map((row, id) => ({ ...row, id }));
		const list = { ...LIST, qs: { roomId: undefined, ...qs } };
		const send = answering({ data: rows, pageInfo: { total: rows.length } });
		expect((await listRecords(send, list, Infinity)).map(({ id }) => id)).toEqual(ids);
	});

	it('reads on behind a page of which no row was asked for', async () => {
		const toRecord = ({ id }: IDataObject) => ({ id, roomId: id === 110 ? 'a' : 'b' });
		const ofRoom = { ...LIST, qs: { roomId: 'a' }, toRecord };
		const found = await listRecords(serverOf(120, () => ({})).send, ofRoom, Infinity);
		expect(found).toEqual([{ id: 110, roomId: 'a' }]);
	});

	it.each<[answer: IDataObject, ids?: unknown[]]>([
		[{ rows: [{ id: 'a' }], data: [{ id: 'b' }] }, ['a']],
		[{ rows: {}, data: [{ id: 'b' }] }, ['b']],
		[{ data: [{ a: 1 }, { a: 2 }] }, [1, 2]],
		[{ data: [null, { id: 'a' }, 5, ['b'], 'text'] as never }, ['a']],
		// As some services write an empty list.
		[{ data: null, pageInfo: { total: 0 } }, []],
		[{ data: null, pageInfo: { total: 1 } }],
		...[undefined, null, {}, 'x', 5].map((data): [IDataObject] => [{ data }]),
	])('finds the rows in %j', async (answer, ...[ids]) => {
		const reading = listRecords(answering(answer), { ...LIST, keys: ['rows', 'data'] }, Infinity);
		if (ids === undefined) await expect(reading).rejects.toThrow('no list');
		else expect((await reading).map(({ id, a }) => id ?? a)).toEqual(ids);
	});
});

describe.each<[name: string, pageInfo: PageInfo, pages: number, rounds: number, most: number]>([
	// The first page alone, then all others, ten at a time.
	['a total', totals, 50, 6, 10],
	// One after another, until a page is empty.
	['no total', () => ({}), 51, 51, 1],
])('A long list with %s, fetched ahead', (_name, pageInfo, allPages, rounds, most) => {
	/** Counts what is in flight, and in how many rounds the pages come; page 60 fails. */
	const slow = (all: number) => {
		const server = serverOf(all, pageInfo);
		const counts = { inFlight: 0, most: 0, rounds: 0 };
		let round: Promise<void> | undefined;
		const send: Send = async (request, read) => {
			counts.most = Math.max(counts.most, ++counts.inFlight);
			round ??= new Promise<void>((resolve) => void setImmediate(resolve)).then(() => {
				counts.rounds++;
				round = undefined;
			});
			await round;
			counts.inFlight--;
			if (Number(request.qs?.page) >= 60) throw new Error(`page ${String(request.qs?.page)}`);
			return await server.send(request, read);
		};
		return { send, counts, pages: server.pages };
	};

	it('comes in few rounds, in order, with few pages in flight and none in vain', async () => {
		const { send, counts, pages } = slow(2_500);
		expect(await listRecords(send, LIST, Infinity)).toEqual(range(0, 2_500).map((id) => ({ id })));
		expect(counts).toEqual({ inFlight: 0, most, rounds });
		expect(pages).toHaveLength(allPages);
		const filtered = slow(2_500);
		expect(await listRecords(filtered.send, LIST, 1, ({ id }) => id === 2_400)).toEqual([{ id: 2_400 }]);
		expect(filtered.counts.rounds).toBeLessThanOrEqual(rounds);
	});

	it('is fetched no further than a limit needs, and fails with the page that fails', async () => {
		for (const limit of [100, 120]) {
			const { send, pages } = slow(5_000);
			expect(await listRecords(send, LIST, limit)).toHaveLength(limit);
			expect(pages).toEqual(range(1, 1 + Math.ceil(limit / PAGE_SIZE)));
		}
		await expect(listRecords(slow(5_000).send, LIST, Infinity)).rejects.toThrow('page 60');
	});
});
