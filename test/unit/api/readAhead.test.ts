import type { IDataObject } from 'n8n-workflow';
import type { Send } from '../../../nodes/VideoSdkAgentCloud/api/client';
import type { ListRequest } from '../../../nodes/VideoSdkAgentCloud/api/pagination';
import { listRecords, MAX_PAGES_IN_FLIGHT } from '../../../nodes/VideoSdkAgentCloud/api/pagination';

const LIST: ListRequest = { path: '/list', identityOf: ({ id }) => String(id ?? '') };
const PAGE_MS = 50;

/** A list endpoint that takes its time. */
class Server {
	readonly pages: number[] = [];
	inFlight = 0;
	mostInFlight = 0;
	/** Called before a page is answered. */
	onPage = (_page: number): void => undefined;

	constructor(
		public rows: number[],
		private readonly hasTotal: boolean,
		private readonly pageMs = PAGE_MS,
	) {}

	readonly send: Send = async (request, read) => {
		const { page, perPage } = request.qs as { page: number; perPage: number };
		this.pages.push(page);
		this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
		await new Promise((resolve) => setTimeout(resolve, this.pageMs));
		this.inFlight--;
		this.onPage(page);
		const data = this.rows.slice((page - 1) * perPage, page * perPage).map((id) => ({ id }));
		const pageInfo = this.hasTotal ? { total: this.rows.length, perPage } : {};
		return (read as (answer: IDataObject) => unknown)({ data, pageInfo }) as never;
	};
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const all = async (server: Server) =>
	(await listRecords(server.send, LIST, Infinity)).map(({ id }) => Number(id));

describe.each([
	['a total', true],
	['no total', false],
])('A long list with %s', (_name, hasTotal) => {
	it('comes at least four times as fast as page after page, in order, with few pages in flight', async () => {
		const server = new Server(range(0, 2_500), hasTotal);
		jest.useFakeTimers();
		const beganAtMs = Date.now();
		const rows = all(server);
		await jest.runAllTimersAsync();
		const tookMs = Date.now() - beganAtMs;
		jest.useRealTimers();
		expect(await rows).toEqual(range(0, 2_500));
		expect(tookMs).toBeLessThan((50 * PAGE_MS) / 4);
		expect(server.mostInFlight).toBe(MAX_PAGES_IN_FLIGHT);
		expect(server.pages.length).toBeLessThanOrEqual(50 + MAX_PAGES_IN_FLIGHT + 1);
	});

	it('holds every row that was there all the time, once, when rows appear and vanish', async () => {
		for (let round = 0; round < 20; round++) {
			const server = new Server(range(0, 600), hasTotal, 1);
			const gone = new Set<number>();
			server.onPage = (page) => {
				if (page === 2 + (round % 9)) {
					server.rows = server.rows.filter((id) => id !== round * 20);
					gone.add(round * 20);
				}
				if (page === 5) server.rows = [1_000 + server.pages.length, ...server.rows];
			};
			const found = await all(server);
			expect(new Set(found).size).toBe(found.length);
			expect(range(0, 600).filter((id) => !found.includes(id) && !gone.has(id))).toEqual([]);
			const kept = found.filter((id) => id < 600);
			expect(kept).toEqual([...kept].sort((a, b) => a - b));
		}
	});

	it('is not read further than a limit needs', async () => {
		const server = new Server(range(0, 5_000), hasTotal, 1);
		expect(await listRecords(server.send, LIST, 120)).toHaveLength(120);
		expect(server.pages).toEqual([1, 2, 3]);
	});

	it('is read a little at a time when a filter soon finds enough', async () => {
		const server = new Server(range(0, 5_000), hasTotal, 1);
		const found = await listRecords(server.send, LIST, 1, ({ id }) => id === 60);
		expect(found).toEqual([{ id: 60 }]);
		expect(server.pages.length).toBeLessThanOrEqual(1 + MAX_PAGES_IN_FLIGHT);
	});
});

it('A short list costs one request', async () => {
	const server = new Server(range(0, 30), false, 1);
	expect(await all(server)).toHaveLength(30);
	expect(server.pages).toEqual([1]);
});

it('A page that fails fails the list, and those in flight fail unheard', async () => {
	const server = new Server(range(0, 1_000), true, 1);
	server.onPage = (page) => {
		if (page > 3) throw new Error(`page ${page}`);
	};
	await expect(all(server)).rejects.toThrow('page 4');
});
