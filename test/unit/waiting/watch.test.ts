import type { IDataObject, IHttpRequestOptions } from 'n8n-workflow';
import type { RequestContext } from '../../../nodes/VideoSdkAgentCloud/api/credential';
import type { CredentialSource } from '../../../nodes/VideoSdkAgentCloud/waiting/credentialSource';
import {
	acquireSource,
	releaseSource,
	sourceCount,
} from '../../../nodes/VideoSdkAgentCloud/waiting/credentialSource';
import type { Outcome } from '../../../nodes/VideoSdkAgentCloud/waiting/outcome';
import { Watch } from '../../../nodes/VideoSdkAgentCloud/waiting/watch';
import { NODE } from '../support';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RESUME_URL = 'http://n8n/webhook-waiting/1/videosdk';

/** n8n and the API of one waiting execution. */
class World {
	readonly statuses = new Map<string, string | number>();
	readonly resumes: Array<{
		atMs: number;
		headers: unknown;
		outcomes: Map<string, Outcome>;
		isTimeUp: boolean;
	}> = [];
	readonly polls: Array<{ atMs: number; path: string }> = [];
	readonly ends: string[] = [];
	/** What n8n answers at the resume URL. */
	answers: Array<{ statusCode: number; body?: unknown } | Error> = [];
	endStatus = 200;
	/** What the answers, made at once, wait for. */
	latency: Promise<void> | undefined;
	isOver = false;
	/** What n8n's database has of the execution; undefined: deleted. */
	stored: object | undefined = {
		waitTill: new Date(),
		resultData: { runData: {} },
		executionData: {
			nodeExecutionStack: [{ node: NODE }],
			contextData: { [`node:${NODE.name}`]: { agentCloudWait: JSON.stringify({ keyHash: 'hash' }) } },
		},
	};
	storedReads = 0;
	readonly warnings: string[] = [];
	readonly beganAtMs = Date.now();

	private readonly context = {
		getNode: () => NODE,
		getCredentials: async () => ({ apiKey: 'key' }),
		getExecutionDataById: async (id: string) => {
			this.storedReads++;
			return id === '1' ? this.stored : undefined;
		},
		logger: {
			warn: (text: string, { reason }: { reason: string }) => this.warnings.push(`${text} ${reason}`),
		},
		helpers: {
			httpRequest: async (options: IHttpRequestOptions) => {
				const body = options.body as { outcomes: Array<[string, Outcome]>; isTimeUp: boolean };
				this.resumes.push({
					atMs: this.nowMs,
					headers: options.headers,
					outcomes: new Map(body.outcomes),
					isTimeUp: body.isTimeUp,
				});
				const answer = this.answers.shift() ?? { statusCode: 200 };
				if (answer instanceof Error) throw answer;
				return answer;
			},
			httpRequestWithAuthentication: async (_type: string, { url, method, body }: IHttpRequestOptions) => {
				const answer = this.answer(String(url), method, body);
				await this.latency;
				return answer;
			},
		},
	} as unknown as RequestContext;

	get nowMs(): number {
		return Date.now() - this.beganAtMs;
	}

	async watch(ids: string[], deadlineMs = HOUR_MS, endIds: string[] = []): Promise<Watch> {
		const sources = new Map<string, CredentialSource>();
		for (const id of ids) {
			if (!this.statuses.has(id)) this.statuses.set(id, 'running');
			sources.set(id, await acquireSource(this.context));
		}
		const wait = {
			kind: 'session' as const,
			keyHash: 'hash',
			resumeUrl: RESUME_URL,
			executionId: '1',
			deadlineMs: Date.now() + deadlineMs,
			endIds,
		};
		return new Watch(
			wait,
			sources,
			async () => ({ key: 'ours' }),
			() => (this.isOver = true),
		);
	}

	private answer(url: string, method?: string, body?: unknown) {
		if (method === 'POST') {
			const { sessionId } = JSON.parse(String(body)) as { sessionId: string };
			this.ends.push(sessionId);
			if (this.endStatus === 200) this.statuses.set(sessionId, 'completed');
			return this.response(this.endStatus, { sessionId, status: 'completed' });
		}
		this.polls.push({ atMs: this.nowMs, path: url });
		if (url.endsWith('sessions')) {
			const data = [...this.statuses].filter(([, status]) => typeof status === 'string');
			return this.response(200, {
				data: data.map(([sessionId, status]) => ({ sessionId, status })),
				pageInfo: { total: data.length },
			});
		}
		const sessionId = url.split('/').at(-1) as string;
		const status = this.statuses.get(sessionId);
		return typeof status === 'number' ? this.response(status, {}) : this.response(200, { sessionId, status });
	}

	private response(statusCode: number, body: IDataObject) {
		return { statusCode, headers: {}, body: JSON.stringify(body) };
	}
}

let world: World;
beforeEach(() => {
	jest.useFakeTimers();
	world = new World();
});
afterEach(() => jest.useRealTimers());

const pass = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

it('polls less and less often, and asks once to resume: at the deadline', async () => {
	(await world.watch(['a'], DAY_MS)).start();
	await pass(DAY_MS - 1);
	expect(world.polls.slice(0, 4).map(({ atMs }) => atMs)).toEqual([2_000, 4_500, 7_625, 11_531]);
	// One each half hour, and a few at first.
	expect(world.polls.length).toBeLessThan(48 + 32);
	expect(world.resumes).toEqual([]);
	await pass(10 * SECOND_MS);
	expect(world.resumes).toHaveLength(1);
	expect(world.resumes[0]).toMatchObject({ headers: { key: 'ours' }, isTimeUp: true });
	expect(world.resumes[0]?.outcomes.get('a')).toMatchObject({
		record: { sessionId: 'a', status: 'running' },
		extra: { timedOut: true },
	});
	const polls = world.polls.length;
	await pass(DAY_MS);
	expect(world).toMatchObject({ isOver: true });
	expect(world.polls).toHaveLength(polls);
	expect(world.resumes).toHaveLength(1);
	expect(sourceCount()).toBe(0);
});

it('asks once to resume when all have ended, and tells how each did', async () => {
	(await world.watch(['a', 'b', 'c'])).start();
	world.statuses.set('a', 'stopped');
	await pass(3 * SECOND_MS);
	world.statuses.set('b', 'failed');
	world.statuses.set('c', 'completed');
	await pass(HOUR_MS);
	expect(world.resumes).toHaveLength(1);
	expect(world.resumes[0]).toMatchObject({ atMs: 4_500, isTimeUp: false });
	expect([...(world.resumes[0]?.outcomes ?? [])].map(([id, { extra }]) => [id, extra])).toEqual([
		['a', { event: 'stopped' }],
		['b', { event: 'failed' }],
		['c', { event: 'stopped' }],
	]);
	// The list once for all three, then the two that were left.
	expect(world.polls.map(({ path }) => path.split('/').at(-1))).toEqual(['ai-deployment-sessions', 'b', 'c']);
});

it('is resumed by the event of the last one without a request of ours', async () => {
	const watch = await world.watch(['a', 'b']);
	watch.start();
	watch.noteEnd('a', 'stopped');
	watch.noteEnd('a', 'failed');
	expect(watch.outstanding).toBe(1);
	watch.noteEnd('b', 'failed');
	expect(watch.outstanding).toBe(0);
	const outcomes = await watch.collect();
	watch.stop();
	// The API may lag behind the event.
	expect(outcomes.get('a')).toMatchObject({
		record: { sessionId: 'a', status: 'running' },
		extra: { event: 'stopped' },
	});
	expect(outcomes.get('b')?.extra).toEqual({ event: 'failed' });
	await pass(DAY_MS);
	expect(world.resumes).toEqual([]);
	expect(sourceCount()).toBe(0);
});

it('fetches anew what a poll had asked for before the event came', async () => {
	const watch = await world.watch(['a', 'b']);
	watch.start();
	let answerPoll = () => {};
	world.latency = new Promise<void>((resolve) => (answerPoll = resolve));
	await pass(2 * SECOND_MS);
	expect(world.polls).toHaveLength(2);
	for (const id of ['a', 'b']) {
		world.statuses.set(id, 'stopped');
		watch.noteEnd(id, 'stopped');
	}
	answerPoll();
	await pass(0);
	const outcomes = await watch.collect();
	watch.stop();
	for (const id of ['a', 'b']) {
		expect(outcomes.get(id)).toMatchObject({
			record: { sessionId: id, status: 'stopped' },
			extra: { event: 'stopped' },
		});
	}
});

it('puts out the event alone if the session cannot be fetched', async () => {
	const watch = await world.watch(['a']);
	world.statuses.set('a', 404);
	watch.noteEnd('a', 'failed');
	expect((await watch.collect()).get('a')).toEqual({ extra: { status: 'failed', event: 'failed' } });
	watch.stop();
});

it('soon finds the end that was missed before the event of another one', async () => {
	const ids = ['a', 'b', 'c', ...Array.from({ length: 40 }, (_, index) => `s${index}`)];
	const watch = await world.watch(ids, DAY_MS);
	watch.start();
	await pass(2 * HOUR_MS);
	// All but two events get lost.
	for (const id of ids) world.statuses.set(id, 'stopped');
	watch.noteEnd('a', 'stopped');
	watch.noteEnd('b', 'stopped');
	const polls = world.polls.length;
	await pass(41 * SECOND_MS);
	expect(world.resumes).toHaveLength(1);
	expect(world.polls.length - polls).toBeLessThanOrEqual(2);
});

it('makes few requests when hundreds of ends come within a second', async () => {
	const ids = Array.from({ length: 200 }, (_, index) => `s${index}`);
	const watch = await world.watch(ids);
	watch.start();
	for (const id of ids) {
		world.statuses.set(id, 'stopped');
		watch.noteEnd(id, 'stopped');
	}
	expect(watch.outstanding).toBe(0);
	expect((await watch.collect()).size).toBe(200);
	watch.stop();
	expect(world.polls.length).toBeLessThanOrEqual(4);
});

describe.each([401, 403, 404])('When the API answers %i for one of them', (status) => {
	it('tells so in its item, after the third time, and waits for the others', async () => {
		(await world.watch(['a', 'b'], DAY_MS)).start();
		world.statuses.set('a', status);
		await pass(2 * HOUR_MS);
		expect(world.polls.filter(({ path }) => path.endsWith('/a'))).toHaveLength(3);
		world.statuses.set('b', 'stopped');
		await pass(HOUR_MS);
		expect(world.resumes).toHaveLength(1);
		expect(world.resumes[0]?.outcomes.get('a')).toMatchObject({
			extra: { error: expect.stringContaining(`status ${status}`) },
		});
	});

	it('takes a passing refusal for none', async () => {
		(await world.watch(['a'], DAY_MS)).start();
		world.statuses.set('a', status);
		await pass(10 * SECOND_MS);
		world.statuses.set('a', 500);
		await pass(HOUR_MS);
		expect(world.resumes).toEqual([]);
		world.statuses.set('a', 'stopped');
		await pass(HOUR_MS);
		expect(world.resumes[0]?.outcomes.get('a')?.extra).toEqual({ event: 'stopped' });
	});
});

describe('The requests to the resume URL', () => {
	it.each([
		[1, 'is resumed', 200, undefined],
		[1, 'is over', 409, 'The execution "1 has finished already.'],
		[1, 'is gone', 404, 'The execution "1" does not exist.'],
		[
			1,
			'waits at another node',
			404,
			'The workflow for execution "1" does not contain a waiting webhook with …',
		],
		[1, 'waits for something else', 401, 'The key is wrong'],
		[2, 'is not stored yet', 409, 'The execution "1" is running already.'],
		[2, 'cannot be found by an n8n that is starting', 404, undefined],
		[10, 'cannot be loaded', 500, 'Internal Server Error'],
	])('are %i at most when the execution %s', async (most, _what, statusCode, message) => {
		world.answers = Array.from({ length: 9 }, () => ({ statusCode, body: message && { message } }));
		(await world.watch(['a'])).start();
		world.statuses.set('a', 'stopped');
		await pass(DAY_MS);
		expect(world.resumes).toHaveLength(most);
		expect(world.isOver).toBe(true);
	});

	it.each([
		['cannot be reached', new Error('connect ECONNREFUSED'), 'ECONNREFUSED'],
		['blocks its own address', new Error('blocked: a restricted IP address'), 'restricted IP address'],
		['is starting behind a proxy', { statusCode: 502, body: '<html>' }, 'status 502'],
		['says that it is starting', { statusCode: 200, body: 'n8n is starting up. Please wait' }, 'status 200'],
	])('go on while n8n %s, which is logged once, and end some day', async (_what, answer, reason) => {
		world.answers = [answer, answer, answer];
		(await world.watch(['a'], 3 * DAY_MS)).start();
		world.statuses.set('a', 'stopped');
		await pass(HOUR_MS);
		expect(world.resumes).toHaveLength(4);
		expect(world.isOver).toBe(true);
		expect(world.warnings).toEqual([expect.stringMatching(`at http://n8n .*deadline.*${reason}`)]);

		const never = new World();
		never.answers = Array.from({ length: 1_000 }, () => answer);
		(await never.watch(['a'], 3 * DAY_MS)).start();
		never.statuses.set('a', 'stopped');
		await pass(3 * DAY_MS);
		expect(never.resumes).toHaveLength(100);
		expect(never.isOver).toBe(true);
	});
});

describe('An execution that does not wait any more', () => {
	const waiting = new World().stored as { resultData: object; executionData: object };
	const other = { node: { ...NODE, name: 'Approval' } };

	it.each<[string, object | undefined]>([
		['was deleted', undefined],
		['was stopped', { ...waiting, resultData: { error: { message: 'The execution was cancelled' } } }],
		['was resumed by another process', { ...waiting, waitTill: undefined }],
		[
			'waits at another node',
			{ ...waiting, executionData: { ...waiting.executionData, nodeExecutionStack: [other] } },
		],
	])('is not polled any more, because it %s', async (_what, stored) => {
		(await world.watch(['a'], DAY_MS)).start();
		await pass(5 * 60 * SECOND_MS);
		world.stored = stored;
		await pass(2 * HOUR_MS);
		const polls = world.polls.length;
		expect(polls).toBeLessThanOrEqual(24);
		await pass(2 * DAY_MS);
		expect(world.polls).toHaveLength(polls);
		expect(world.resumes).toEqual([]);
		expect(world.isOver).toBe(true);
		expect(sourceCount()).toBe(0);
	});

	it('is polled until the deadline if something is to be ended then', async () => {
		(await world.watch(['a'], HOUR_MS, ['a'])).start();
		world.stored = undefined;
		await pass(HOUR_MS + 10 * SECOND_MS);
		expect(world.ends).toEqual(['a']);
	});

	it.each<[string, () => Promise<object> | undefined]>([
		['n8n has not stored it yet', async () => ({ ...waiting, executionData: { contextData: {} } })],
		['the database fails', async () => await Promise.reject(new Error('No database'))],
	])('is not taken for one while %s', async (_what, read) => {
		Object.defineProperty(world, 'stored', { get: read });
		(await world.watch(['a'], DAY_MS)).start();
		await pass(DAY_MS + 10 * SECOND_MS);
		expect(world.resumes).toHaveLength(1);
	});

	it('costs n8n a look now and then', async () => {
		(await world.watch(['a'], DAY_MS)).start();
		await pass(DAY_MS + 10 * SECOND_MS);
		expect(world.storedReads).toBeLessThanOrEqual(10);
	});
});

describe('What is to be ended at the deadline', () => {
	it('is ended once, and only if it still runs', async () => {
		(await world.watch(['a', 'b', 'c'], HOUR_MS, ['a', 'b'])).start();
		await pass(HOUR_MS - 1);
		world.statuses.set('b', 'stopped');
		await pass(10 * SECOND_MS);
		expect(world.ends).toEqual(['a']);
		expect(
			Object.fromEntries([...(world.resumes[0]?.outcomes ?? [])].map(([id, { extra }]) => [id, extra])),
		).toEqual({
			a: { timedOut: true, endedAtTimeout: true },
			b: { event: 'stopped' },
			c: { timedOut: true },
		});
	});

	it('is told if it cannot be ended', async () => {
		world.endStatus = 500;
		(await world.watch(['a'], HOUR_MS, ['a'])).start();
		await pass(HOUR_MS + 10 * SECOND_MS);
		// A second request does no harm.
		expect(world.ends).toEqual(['a', 'a', 'a']);
		expect(world.resumes[0]?.outcomes.get('a')).toMatchObject({
			record: { sessionId: 'a', status: 'running' },
			extra: { timedOut: true, endedAtTimeout: false, endError: expect.stringContaining('500') },
		});
	});
});

it('One context serves all executions whose credential reads the same, and one more each that reads otherwise', async () => {
	const stored = { apiKey: 'old' };
	const context = (read: () => { apiKey: string }) =>
		({ getNode: () => NODE, getCredentials: async () => ({ ...read() }) }) as unknown as RequestContext;
	const first = await acquireSource(context(() => stored));
	stored.apiKey = 'new';
	await pass(2 * SECOND_MS);
	const others = [await acquireSource(context(() => stored)), await acquireSource(context(() => stored))];
	expect(others).toEqual([first, first]);
	const own = await acquireSource(context(() => ({ apiKey: 'of the item' })));
	expect(own).not.toBe(first);
	expect(sourceCount()).toBe(2);
	expect((await first.read()).data).toEqual({ apiKey: 'new' });
	stored.apiKey = 'newer';
	await pass(2 * SECOND_MS);
	expect((await first.read()).data).toEqual({ apiKey: 'newer' });
	for (const source of [first, own, ...others]) releaseSource(source);
	expect(sourceCount()).toBe(0);
});

it('The values of a running execution count where n8n cannot evaluate an expression of the credential any more', async () => {
	let isRunning = true;
	const source = await acquireSource({
		getNode: () => NODE,
		getCredentials: async () => {
			if (!isRunning) throw new Error('No isolate [Error resolving credentials]');
			return { apiKey: 'of the item' };
		},
	} as unknown as RequestContext);
	isRunning = false;
	await pass(2 * SECOND_MS);
	expect((await source.read()).data).toEqual({ apiKey: 'of the item' });
	releaseSource(source);
});

it('takes the event of what it ends at the deadline for no end of its own', async () => {
	const watch = await world.watch(['a'], 10 * SECOND_MS, ['a']);
	watch.start();
	let answer = () => {};
	await pass(9_900);
	world.latency = new Promise<void>((resolve) => (answer = resolve));
	await pass(200);
	answer();
	world.latency = new Promise<void>((resolve) => (answer = resolve));
	await pass(0);
	expect(world.ends).toEqual(['a']);
	// VideoSDK tells of the end before it answers the request.
	watch.noteEnd('a', 'stopped');
	expect(watch.outstanding).toBe(1);
	answer();
	await pass(10);
	expect(world.resumes[0]?.outcomes.get('a')?.extra).toEqual({ timedOut: true, endedAtTimeout: true });
});
