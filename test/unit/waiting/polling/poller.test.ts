/** What one request that takes long must not hold up, or cut short. Time is the test's own. */
import type { IDataObject } from 'n8n-workflow';
import type { ApiRequest } from '../../../../nodes/VideoSdkAgentCloud/api/http/client';
import { pathOf } from '../../../../nodes/VideoSdkAgentCloud/api/http/path';
import { KINDS } from '../../../../nodes/VideoSdkAgentCloud/conversation/kinds';
import { mergeFact, unknown } from '../../../../nodes/VideoSdkAgentCloud/conversation/known';
import { type WaitPolicy } from '../../../../nodes/VideoSdkAgentCloud/conversation/nextStep';
import { outputRecord } from '../../../../nodes/VideoSdkAgentCloud/conversation/output';
import type { RequestContext } from '../../../../nodes/VideoSdkAgentCloud/api/http/credential';
import {
	AccountRequests,
	accountKey,
} from '../../../../nodes/VideoSdkAgentCloud/waiting/polling/accountRequests';
import { PendingConversation } from '../../../../nodes/VideoSdkAgentCloud/waiting/polling/pendingConversation';
import { budgetOf } from '../../../../nodes/VideoSdkAgentCloud/waiting/budget';
import type { Limiter } from '../../../../nodes/VideoSdkAgentCloud/api/http/limiter';
import { Poller } from '../../../../nodes/VideoSdkAgentCloud/waiting/polling/poller';
import { WANT } from '../../conversation/facts';
import { shareOf } from '../../support';

const MAX_WAIT_MS = 60_000;
const never = async () => await new Promise<never>(() => undefined);

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

type Answer = (request: Omit<ApiRequest, 'path'> & { path: string }, untilMs: number) => Promise<IDataObject>;

/** An account whose requests, in their turn, get these answers. */
function watchOf(answer: Answer, more: Partial<AccountRequests> = {}): Poller {
	const account = new AccountRequests({ logger: console } as unknown as RequestContext, undefined, undefined);
	const sender =
		(limiter: Limiter, execution: object, untilMs: number) =>
		async (request: ApiRequest, read: (json: IDataObject, headers: object) => unknown) =>
			await limiter.run(execution, async () =>
				read(await answer({ ...request, path: pathOf(request.path) }, untilMs), {}),
			);
	return new Poller(Object.assign(account, { sender, readText: never, ...more } as Partial<AccountRequests>));
}

/** A call that is awaited; `item` is what came out when it was ready. */
function awaitCall(
	poller: Poller,
	want: Partial<WaitPolicy>,
	known = unknown('c-1'),
): { item?: IDataObject } {
	const nowMs = Date.now();
	const whole: WaitPolicy = { ...WANT, deadlineMs: nowMs + MAX_WAIT_MS, ...want };
	const limits = budgetOf(whole.deadlineMs, whole.fetchMs, 1);
	const one = new PendingConversation(KINDS.call, whole, limits, nowMs, known);
	const seen: { item?: IDataObject } = {};
	one.onReady = () => (seen.item ??= outputRecord(KINDS.call, one.known, whole));
	poller.add([one]);
	return seen;
}

const call = (status: string, more: IDataObject = {}) => ({ callId: 'c-1', status, ...more });
const after = (ms: number) => new Date(Date.now() + ms).toISOString();

const soon = async <T>(value: T, ms: number): Promise<T> =>
	await new Promise((resolve) => void setTimeout(() => resolve(value), ms));

it.each([true, false])('an end (%s) or last poll without an answer is given up in time', async (isEnded) => {
	const seen = awaitCall(watchOf(never), { isEnded });
	await jest.advanceTimersByTimeAsync(MAX_WAIT_MS + 180_000);
	expect(seen.item).toMatchObject({ timedOut: true });
});

describe('An end under a status that nobody knows', () => {
	/** Such a record; `isAway`: at times, in s since the beginning, at which the call still runs. */
	const hungUpAfter = (
		seconds: number,
		polls: number[] = [],
		isAway: (second: number) => boolean = () => false,
	) => {
		const [startMs, end] = [Date.now(), after(1_000 * seconds)];
		return async (path: string): Promise<IDataObject> => {
			const second = (Date.now() - startMs) / 1_000;
			const isShown = second >= seconds && !isAway(second);
			if (isShown) polls.push(second);
			const record = isShown ? { status: 'HUNG_UP', end } : { status: 'answered' };
			const calls = [1, 2, 3].map((n) => ({ callId: `c-${n}`, start: after(0), ...record }));
			return await Promise.resolve(path.includes('/call/') ? calls[0]! : { data: calls });
		};
	};

	it.each([1, 3])('counts when it was seen three times, at least 5 s apart: of %s', async (count) => {
		const polls: number[] = [];
		const shown = hungUpAfter(10, polls);
		const poller = watchOf(async ({ path }) => await shown(path));
		const seen = Array.from({ length: count }, (_, n) => awaitCall(poller, {}, unknown(`c-${n + 1}`)));
		await jest.advanceTimersByTimeAsync(40_000);
		for (const { item } of seen) {
			expect(item).toMatchObject({ outcome: 'answered', answered: true, status: 'HUNG_UP' });
			expect(item).not.toHaveProperty('timedOut');
		}
		expect(polls).toHaveLength(3);
		const pauses = [polls[1]! - polls[0]!, polls[2]! - polls[1]!];
		for (const pause of pauses) expect(pause >= 5 && pause < 6).toBe(true);
	});

	it('is none if the call goes on', async () => {
		const polls: number[] = [];
		const shown = hungUpAfter(1, polls, (second) => second > 8 && second < 30);
		const seen = awaitCall(
			watchOf(async ({ path }) => await shown(path)),
			{},
		);
		await jest.advanceTimersByTimeAsync(55_000);
		expect(polls.filter((second) => second < 12)).toHaveLength(2);
		expect(polls).toHaveLength(2 + 3);
		expect(seen.item).toMatchObject({ status: 'HUNG_UP' });
	});

	it('is made sure of, also if it is first seen at Max Wait', async () => {
		const polls: number[] = [];
		const shown = hungUpAfter(MAX_WAIT_MS / 1_000 - 0.5, polls);
		const seen = awaitCall(
			watchOf(async ({ path }) => await shown(path)),
			{},
		);
		await jest.advanceTimersByTimeAsync(MAX_WAIT_MS + 13_000);
		expect(polls).toHaveLength(3);
		expect(seen.item).toMatchObject({ outcome: 'answered', status: 'HUNG_UP' });
		expect(seen.item).not.toHaveProperty('timedOut');
	});

	it('is made sure of, also if VideoSDK then refuses to end it', async () => {
		const shown = hungUpAfter(MAX_WAIT_MS / 1_000 - 20);
		const answer: Answer = async ({ method, path }) => {
			if (method === 'POST') throw new Error('refused');
			return await shown(path);
		};
		const seen = awaitCall(watchOf(answer), { isEnded: true });
		await jest.advanceTimersByTimeAsync(MAX_WAIT_MS + 30_000);
		expect(seen.item).toMatchObject({ outcome: 'answered', status: 'HUNG_UP' });
		for (const name of ['timedOut', 'endError']) expect(seen.item).not.toHaveProperty(name);
	});

	it('that was seen once before VideoSDK went silent leaves the call running', async () => {
		const shown = hungUpAfter(MAX_WAIT_MS / 1_000 - 0.5);
		let isSeen = false;
		const answer: Answer = async ({ path }) => {
			if (isSeen) throw new Error('silent');
			const record = await shown(path);
			isSeen = record.end !== undefined;
			return record;
		};
		const seen = awaitCall(watchOf(answer), {});
		await jest.advanceTimersByTimeAsync(MAX_WAIT_MS + 180_000);
		expect(seen.item).toMatchObject({ outcome: 'running', answered: true, timedOut: true });
	});
});

it('The last poll at Max Wait counts, although its answer takes a while', async () => {
	const end = after(MAX_WAIT_MS - 1_000);
	const answer: Answer = async () =>
		await soon(call(Date.now() < Date.parse(end) ? 'answered' : 'ended', { end }), 5_000);
	const seen = awaitCall(watchOf(answer), {});
	await jest.advanceTimersByTimeAsync(MAX_WAIT_MS + 20_000);
	expect(seen.item).toMatchObject({ outcome: 'answered', status: 'ended' });
	expect(seen.item).not.toHaveProperty('timedOut');
});

it('No end is sent after the time for ends, however long what was said is waited for', async () => {
	const limits: number[] = [];
	const deadlineMs = Date.now() + MAX_WAIT_MS;
	const answer: Answer = async ({ method }, untilMs) => {
		if (method === 'POST') limits.push(untilMs - deadlineMs);
		return await Promise.resolve(call('answered'));
	};
	awaitCall(watchOf(answer), { isEnded: true, include: ['transcript'], fetchMs: 600_000 });
	await jest.advanceTimersByTimeAsync(MAX_WAIT_MS + 10_000);
	expect(limits).toContain(budgetOf(deadlineMs, 600_000, 1).endMs);
});

it('An end that is tried late, and refused, is given up in minutes, however long what was said is waited for', async () => {
	let ends = 0;
	const answer: Answer = async ({ method }) => {
		if (method === 'POST') ends++;
		throw await Promise.resolve(new Error('refused'));
	};
	const want = { deadlineMs: Date.now() - 180_000, isEnded: true };
	const seen = awaitCall(watchOf(answer), { ...want, include: ['transcript'], fetchMs: 86_400_000 });
	await jest.advanceTimersByTimeAsync(300_000);
	expect(seen.item).toMatchObject({ timedOut: true, endError: 'refused' });
	expect(ends).toBeLessThan(30);
});

it('Ends that are refused time and again keep no other one from its turn', async () => {
	const ended: unknown[] = [];
	const answer: Answer = async ({ method, body }) => {
		const id = String(body?.callId);
		if (await soon(method === 'POST' && id.startsWith('late'), 1_000)) throw new Error('refused');
		if (method === 'POST') ended.push(id);
		return call('ended', { callId: id });
	};
	const poller = watchOf(answer);
	const late = { deadlineMs: Date.now() - 405_000, include: ['recording' as const], fetchMs: 600_000 };
	for (let index = 0; index < 300; index++)
		awaitCall(poller, { ...late, isEnded: true }, unknown(`late-${index}`));
	awaitCall(poller, { isEnded: true }, unknown('in time'));
	await jest.advanceTimersByTimeAsync(MAX_WAIT_MS + 90_000);
	expect(ended).toEqual(['in time']);
});

it('What comes out as running at Max Wait was polled by itself, not only in the list', async () => {
	const ids = Array.from({ length: 25 }, (_, index) => `c-${index}`);
	const answer: Answer = async ({ path, qs }) => {
		const [, callId] = /call\/(c-\d+)/.exec(path) ?? [];
		const isOver = Date.now() >= Date.parse(end);
		const alone = call(isOver ? 'ended' : 'answered', { callId, end: isOver ? end : null });
		// The list lags behind.
		const data = qs?.page === 1 ? ids.map((id) => call('answered', { callId: id })) : [];
		return await Promise.resolve(callId === undefined ? { data } : alone);
	};
	const end = after(MAX_WAIT_MS - 1_000);
	const poller = watchOf(answer);
	const seen = ids.map((id) => awaitCall(poller, {}, unknown(id)));
	await jest.advanceTimersByTimeAsync(MAX_WAIT_MS + 20_000);
	expect(seen.map(({ item }) => item)).toEqual(ids.map(() => expect.objectContaining({ status: 'ended' })));
});

it('What was said is waited for once, whatever processes take part', async () => {
	const asked: string[] = [];
	const answer: Answer = async ({ path }) => {
		if (path.includes('/call/'))
			return await Promise.resolve(call('ended', { end: after(0), roomId: 'r-1' }));
		asked.push(path);
		return await Promise.resolve({ data: [] });
	};
	// As another process carries it here, which has waited in vain.
	const known = mergeFact(KINDS.call, unknown('c-1'), { seenOverAtMs: Date.now() - 300_000 });
	const seen = awaitCall(
		watchOf(answer),
		{ include: ['transcript'], fetchMs: 300_000, ownRoomId: 'r-1' },
		known,
	);
	await jest.advanceTimersByTimeAsync(20_000);
	expect(asked.length).toBeGreaterThan(0);
	expect(seen.item).toMatchObject({ outcome: 'answered', missing: {} });
});

it.each(['answers', 'fails'])('An API that %s is asked less and less often', async (what) => {
	const asked: number[] = [];
	const answer: Answer = async () => {
		asked.push(Date.now());
		if (await Promise.resolve(what === 'fails')) throw new Error('no answer');
		return call('answered');
	};
	awaitCall(watchOf(answer), { deadlineMs: Date.now() + 86_400_000 });
	await jest.advanceTimersByTimeAsync(86_000_000);
	const pauses = asked.slice(1).map((atMs, index) => atMs - (asked[index] ?? 0));
	expect(pauses[0]).toBeLessThan(3_000);
	expect(pauses).toEqual([...pauses].sort((one, other) => one - other));
	expect(asked.length).toBeLessThan(300);
});

describe.each([-600_000, 600_000])('The clock of VideoSDK, which is off by %i ms, decides', (skewMs) => {
	it('whose a recording is', async () => {
		const atVideoSdk = (ms: number) => after(ms - skewMs);
		const recording = (name: string, startMs: number, duration: number) => ({
			id: name,
			roomId: 'r-1',
			start: atVideoSdk(startMs),
			end: atVideoSdk(startMs + 1_000),
			file: { fileUrl: name, meta: { duration } },
		});
		const data = [recording('own', -30_000, 10), recording('of others', 300_000, 99)];
		const answer: Answer = async ({ path }) => {
			if (path.includes('/call/')) return await Promise.resolve(call('ended', { roomId: 'r-1' }));
			return await Promise.resolve({ data: path.includes('merge') ? [] : data });
		};
		const poller = watchOf(answer, { skewMs });
		const seen = awaitCall(poller, { include: ['recording'], fetchMs: 60_000, ownRoomId: 'r-1' });
		await jest.advanceTimersByTimeAsync(MAX_WAIT_MS);
		expect(seen.item).toMatchObject({ recordingUrl: 'own' });
	});

	it('when a call was over that only the list shows', async () => {
		const end = after(30_000 - skewMs);
		const ids = Array.from({ length: 5 }, (_, index) => `c-${index}`);
		const isOver = () => Date.now() > Date.parse(end) + skewMs;
		const answer: Answer = async ({ path }) => {
			if (path.includes('/call/')) throw new Error('no answer');
			const shown = isOver() ? { status: 'ended', end } : { status: 'answered' };
			const data = ids.map((callId) => ({ callId, ...shown }));
			return await Promise.resolve({ data, pageInfo: { total: ids.length } });
		};
		const poller = watchOf(answer, { skewMs });
		const seen = ids.map((id) => awaitCall(poller, { isEnded: true }, unknown(id)));
		await jest.advanceTimersByTimeAsync(MAX_WAIT_MS);
		for (const { item } of seen) {
			expect(item).toMatchObject({ status: 'ended' });
			expect(item).not.toHaveProperty('timedOut');
		}
	});
});

it('A wait is told once a round, however many of its conversations are over', async () => {
	const poller = watchOf(never);
	const want: WaitPolicy = { ...WANT, deadlineMs: Date.now() + MAX_WAIT_MS };
	const onReady = jest.fn();
	const many = Array.from({ length: 500 }, (_, index) => {
		const known = mergeFact(KINDS.call, unknown(`c-${index}`), {
			record: { callId: `c-${index}`, status: 'missed' },
		});
		const budget = budgetOf(want.deadlineMs, 0, 500);
		return Object.assign(new PendingConversation(KINDS.call, want, budget, Date.now(), known), { onReady });
	});
	poller.add(many);
	await jest.advanceTimersByTimeAsync(300);
	expect(onReady).toHaveBeenCalledTimes(1);
});

it.each([
	['Executions of one account', shareOf(600), 0],
	['Executions beside one of many conversations that no page of the list shows', 20, shareOf(1_000)],
])('%s: each is polled once more at Max Wait', async (_what, count, others) => {
	const maxWaitMs = 600_000;
	const end = after(maxWaitMs - 1_000);
	const shown = (callId: string) => {
		const isOver = callId.startsWith('own-') && Date.now() >= Date.parse(end);
		return call(isOver ? 'ended' : 'answered', { callId, end: isOver ? end : null });
	};
	const answer: Answer = async ({ path, qs }) => {
		const [, id] = /call\/([\w-]+)/.exec(path) ?? [];
		if (id !== undefined) return await soon(shown(id), 100);
		const data = Array.from({ length: 50 }, (_, index) => shown(`strange-${Number(qs?.page) * 50 + index}`));
		return await soon({ data, pageInfo: { total: 5_000 } }, 100);
	};
	const poller = watchOf(answer);
	const await_ = (id: string, ms: number) => awaitCall(poller, { deadlineMs: Date.now() + ms }, unknown(id));
	for (let index = 0; index < others; index++) await_(`other-${index}`, 86_400_000);
	const seen = Array.from({ length: count }, (_, index) => await_(`own-${index}`, maxWaitMs));
	await jest.advanceTimersByTimeAsync(maxWaitMs + 240_000);
	expect(seen.filter(({ item }) => item?.outcome !== 'answered')).toEqual([]);
});

it("No poll is sent before the account's pause after 'too many requests' is over, neither a usual nor the last one", async () => {
	const sent: number[] = [];
	const startedAtMs = Date.now();
	const answer: Answer = async () => {
		sent.push(Date.now() - startedAtMs);
		return await Promise.resolve(call('answered'));
	};
	const poller = watchOf(answer);
	awaitCall(poller, {});
	poller.account.polls.slowDown();
	await jest.advanceTimersByTimeAsync(MAX_WAIT_MS - 1_000);
	expect(sent[0]).toBe(5_000);
	sent.length = 0;
	poller.account.polls.slowDown();
	await jest.advanceTimersByTimeAsync(10_000);
	expect(sent).toEqual([MAX_WAIT_MS + 4_000]);
});

it('Calls that began one after another are polled together after a while, page by page', async () => {
	const ids: string[] = [];
	let requests = 0;
	const answer: Answer = async ({ path, qs }) => {
		requests++;
		const [, id = ''] = /call\/(c-\d+)/.exec(path) ?? [];
		const first = (Number(qs?.page) - 1) * 50;
		const page = [...ids].reverse().slice(first, first + 50);
		const data = page.map((callId) => call('answered', { callId }));
		return await soon(id ? call('answered', { callId: id }) : { data, pageInfo: { total: ids.length } }, 50);
	};
	const poller = watchOf(answer);
	for (let index = 0; index < 300; index++) {
		ids.push(`c-${index}`);
		awaitCall(poller, { deadlineMs: Date.now() + 3_600_000 }, unknown(`c-${index}`));
		await jest.advanceTimersByTimeAsync(250);
	}
	await jest.advanceTimersByTimeAsync(600_000);
	requests = 0;
	await jest.advanceTimersByTimeAsync(300_000);
	// Six pages, every 25 s.
	expect(requests).toBeLessThanOrEqual(6 * 13);
	expect(requests).toBeGreaterThan(6 * 10);
});

it('Of more calls than can be asked for one by one in time, which no page of the list shows, each gets its turn', async () => {
	const ids = Array.from({ length: 300 }, (_, index) => `c-${index}`);
	const asked = new Set<string>();
	const answer: Answer = async ({ path }) => {
		const [, id] = /call\/(c-\d+)/.exec(path) ?? [];
		if (id === undefined) return await Promise.resolve({ data: [], pageInfo: { total: 0 } });
		asked.add(id);
		return await Promise.resolve(call('answered', { callId: id }));
	};
	const watch = watchOf(answer);
	for (const id of ids) awaitCall(watch, { deadlineMs: Date.now() + 86_400_000 }, unknown(id));
	// By now each is to be asked for every 25 s.
	await jest.advanceTimersByTimeAsync(600_000);
	asked.clear();
	// Five a second.
	await jest.advanceTimersByTimeAsync(2 * 60_000);
	expect(asked.size).toBe(ids.length);
});

describe.each([40_000, 600_000, 86_400_000])('A clock that is set back by %i ms', (backMs) => {
	it('holds up no poll', async () => {
		let status = 'answered';
		const seen = awaitCall(
			watchOf(async () => await Promise.resolve(call(status))),
			{
				deadlineMs: Date.now() + 86_400_000,
			},
		);
		await jest.advanceTimersByTimeAsync(600_000);
		jest.setSystemTime(Date.now() - backMs);
		status = 'missed';
		await jest.advanceTimersByTimeAsync(30_000);
		expect(seen.item).toMatchObject({ outcome: 'noAnswer' });
	});

	it('holds up nothing that follows an end', async () => {
		const seen = awaitCall(
			watchOf(async () => await Promise.resolve(call('missed'))),
			{
				responseMs: 5_000,
			},
		);
		await jest.advanceTimersByTimeAsync(4_000);
		jest.setSystemTime(Date.now() - backMs);
		await jest.advanceTimersByTimeAsync(10_000);
		expect(seen.item).toMatchObject({ outcome: 'noAnswer' });
	});
});

it('An account is told by its credential, API key, secret, and Base URL', () => {
	const data = { apiKey: 'k', secretKey: 's', baseUrl: 'u' };
	const context = (id: string) =>
		({ getNode: () => ({ credentials: { videoSdkAgentCloudApi: { id } } }) }) as unknown as RequestContext;
	const keys = [
		accountKey(context('1'), { data } as never),
		accountKey(context('2'), { data } as never),
		...Object.keys(data).map((name) =>
			accountKey(context('1'), { data: { ...data, [name]: 'other' } } as never),
		),
	];
	expect(new Set(keys).size).toBe(keys.length);
});
