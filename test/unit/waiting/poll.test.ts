import type { RequestContext } from '../../../nodes/VideoSdkAgentCloud/api/credential';
import { CONVERSATIONS } from '../../../nodes/VideoSdkAgentCloud/waiting/conversation';
import { findSource } from '../../../nodes/VideoSdkAgentCloud/waiting/credentialSource';
import { finishedItem } from '../../../nodes/VideoSdkAgentCloud/waiting/ends';
import { keyRequest } from '../../../nodes/VideoSdkAgentCloud/waiting/notify';
import { hintEnd } from '../../../nodes/VideoSdkAgentCloud/waiting/pollers';
import { graceMs } from '../../../nodes/VideoSdkAgentCloud/waiting/schedule';
import { NODE } from '../support';
import { DAY_MS, extrasOf, HOUR_MS, n8nDeadlineMs, pass, SECOND_MS, World } from './waitingWorld';

let world: World;
beforeEach(() => {
	jest.useFakeTimers();
	world = new World();
});
afterEach(() => jest.useRealTimers());

const many = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);

describe('Polling', () => {
	it('grows rarer, and asks once to resume: at the deadline', async () => {
		const { ends } = await world.poll(['a'], DAY_MS);
		await pass(DAY_MS - 1);
		expect(world.requests.slice(0, 4).map(({ atMs }) => atMs)).toEqual([2_000, 4_500, 7_625, 11_531]);
		// One each half hour, and a few at first.
		expect(world.requests.length).toBeLessThan(48 + 32);
		expect(world.resumes).toEqual([]);
		expect(world.isPolling()).toBe(true);
		await pass(10 * SECOND_MS);
		// What is polled for is kept in memory.
		expect(world.isPolling()).toBe(false);
		expect(world.resumes).toHaveLength(1);
		expect(ends.outcomes.get('a')).toMatchObject({
			record: { sessionId: 'a', status: 'running' },
			extra: { timedOut: true },
		});
		const asked = world.requests.length;
		await pass(DAY_MS);
		expect(world.requests).toHaveLength(asked);
		expect(world.resumes).toHaveLength(1);
	});

	it('is over before n8n sets a timer for its own deadline, 70 s ahead', () => {
		expect(graceMs(1)).toBeGreaterThanOrEqual(85_000);
	});

	it('asks once to resume when all have ended, by the key, without the records', async () => {
		const { ends } = await world.poll(['a', 'b', 'c']);
		world.statuses.set('a', 'stopped');
		await pass(3 * SECOND_MS);
		world.statuses.set('b', 'failed').set('c', 'completed');
		await pass(HOUR_MS);
		expect(world.resumes).toEqual([
			{
				atMs: 4_500,
				headers: expect.objectContaining({ 'x-agent-cloud-poll-key': 'ours' }),
				body: JSON.stringify({
					outcomes: [
						{ extra: { event: 'stopped' }, record: { status: 'stopped' }, ids: ['a'] },
						{ extra: { event: 'failed' }, record: { status: 'failed' }, ids: ['b'] },
						{ extra: { event: 'stopped' }, record: { status: 'completed' }, ids: ['c'] },
					],
					hasParts: true,
				}),
			},
		]);
		// The list once for all three, without the token in its rows. Then the two that were left.
		expect(world.requests.map(({ id }) => id)).toEqual(['', 'b', 'c']);
		expect(ends.outcomes.get('a')?.record).toMatchObject({ sessionId: 'a', status: 'stopped' });
	});

	it('asks to resume in less than 100 kB for a thousand', async () => {
		const ids = many(1_000).map((id) => `${id}-0123456789-0123456789-0123456789`);
		await world.poll(ids);
		for (const id of ids) world.statuses.set(id, 'stopped');
		await pass(3 * SECOND_MS);
		expect(world.resumes).toHaveLength(1);
		expect(world.resumes[0]?.body.length).toBeLessThan(100_000);
	});

	it.each<[string, number, number, string[]]>([
		['what was said', 1, 1, ['status', 'summary', 'timelog']],
		['how each went', 1_000, 1, ['status', 'timelog']],
		['the statuses', 1_000, 100, ['status']],
	])(
		'asks to resume with %s of a thousand, as far as a proxy lets it pass',
		(_what, words, steps, fields) => {
			const record = {
				status: 'ended',
				timelog: Array(steps).fill({ status: 'answered' }),
				summary: 'word '.repeat(words),
				metadata: 'left out',
			};
			const { body } = keyRequest('ours', new Map(many(1_000).map((id) => [id, { record, extra: { id } }])));
			expect(body.length).toBeLessThan(500_000);
			const { outcomes } = JSON.parse(String(body)) as { outcomes: Array<{ record: object }> };
			expect(Object.keys(outcomes[0]?.record ?? {}).sort()).toEqual(fields);
		},
	);

	it('reads 200 of the latest from the list in four requests', async () => {
		for (const id of many(200)) world.statuses.set(id, 'running');
		for (const id of many(500)) world.statuses.set(`old-${id}`, 'stopped');
		await world.poll(many(200));
		await pass(3 * SECOND_MS);
		expect(world.requests).toHaveLength(4);
	});

	it.each([
		['one or two', 2, 0, 2],
		// A tenth more than one for each, and one.
		['30, too far down in the list', 30, 500, 34],
		// As where the list begins with the oldest.
		['300, after 600 others', 300, 600, 19],
	])('makes few requests for %s', async (_what, count, before, requests) => {
		for (const id of many(before)) world.statuses.set(`new-${id}`, 'running');
		await world.poll(many(count));
		await pass(2 * SECOND_MS);
		expect(world.requests.length).toBeLessThanOrEqual(requests);
	});
});

describe('Events', () => {
	it('resume by the last one, without a request of ours', async () => {
		const poller = await world.poll(['a', 'b']);
		poller.noteEvent('a', 'stopped');
		poller.noteEvent('a', 'failed');
		expect(poller.ends.outstanding).toBe(1);
		poller.noteEvent('b', 'failed');
		expect(poller.ends.outstanding).toBe(0);
		const outcomes = await poller.collect();
		poller.stop();
		// The API may lag behind the event.
		expect(outcomes.get('a')).toMatchObject({
			record: { sessionId: 'a', status: 'running' },
			extra: { event: 'stopped' },
		});
		await pass(DAY_MS);
		expect(world.resumes).toEqual([]);
	});

	it('outdate what a poll had asked for before', async () => {
		const poller = await world.poll(['a', 'b']);
		let answerPoll = () => {};
		world.latency = new Promise<void>((resolve) => (answerPoll = resolve));
		await pass(2 * SECOND_MS);
		expect(world.requests).toHaveLength(2);
		for (const id of ['a', 'b']) {
			world.statuses.set(id, 'stopped');
			poller.noteEvent(id, 'stopped');
		}
		answerPoll();
		await pass(0);
		const outcomes = await poller.collect();
		poller.stop();
		expect(outcomes.get('b')?.record).toMatchObject({ sessionId: 'b', status: 'stopped' });
	});

	it('are enough if the session cannot be fetched', async () => {
		const poller = await world.poll(['a']);
		world.statuses.delete('a');
		poller.noteEvent('a', 'failed');
		expect((await poller.collect()).get('a')).toEqual({ extra: { status: 'failed', event: 'failed' } });
		poller.stop();
	});

	it('soon bring out the ends whose events were missed', async () => {
		const ids = many(43);
		const poller = await world.poll(ids, DAY_MS);
		await pass(2 * HOUR_MS);
		for (const id of ids) world.statuses.set(id, 'stopped');
		const asked = world.requests.length;
		poller.noteEvent('s0', 'stopped');
		poller.noteEvent('s1', 'stopped');
		await pass(41 * SECOND_MS);
		expect(world.resumes).toHaveLength(1);
		expect(world.requests.length - asked).toBeLessThanOrEqual(2);
	});

	it('cost few requests when hundreds come within a second', async () => {
		const poller = await world.poll(many(200));
		for (const id of many(200)) {
			world.statuses.set(id, 'stopped');
			poller.noteEvent(id, 'stopped');
		}
		expect((await poller.collect()).size).toBe(200);
		poller.stop();
		expect(world.requests.length).toBeLessThanOrEqual(4);
	});

	it('of what we end at the deadline are no ends of their own', async () => {
		const poller = await world.poll(['a'], 10 * SECOND_MS, ['a']);
		let answer = () => {};
		await pass(9_900);
		world.latency = new Promise<void>((resolve) => (answer = resolve));
		await pass(200);
		answer();
		world.latency = new Promise<void>((resolve) => (answer = resolve));
		await pass(0);
		expect(world.count('POST')).toBe(1);
		// VideoSDK tells of the end before it answers the request.
		poller.noteEvent('a', 'stopped');
		expect(poller.ends.outstanding).toBe(1);
		answer();
		await pass(10);
		expect(extrasOf(poller.ends.outcomes)).toEqual({ a: { timedOut: true, endedAtTimeout: true } });
	});

	it('that come to another process do not count after the deadline, nor is anything ended there', async () => {
		const poller = await world.poll(['a'], 10 * SECOND_MS, ['a'], false);
		await pass(10 * SECOND_MS);
		poller.noteEvent('a', 'stopped');
		expect(poller.ends.outstanding).toBe(1);
		await pass(HOUR_MS);
		expect(world.count('POST')).toBe(0);
		expect(world.resumes).toEqual([]);
	});
});

describe('A conversation that the API does not find', () => {
	it.each([402, 404])('comes out with an error after the third answer %i in a row', async (status) => {
		const { ends } = await world.poll(['a', 'b'], DAY_MS);
		world.fault = ({ id }) => (id === 'a' ? status : undefined);
		world.statuses.delete('a');
		await pass(2 * HOUR_MS);
		expect(world.requests.filter(({ id }) => id === 'a')).toHaveLength(3);
		world.statuses.set('b', 'stopped');
		await pass(HOUR_MS);
		expect(world.resumes).toHaveLength(1);
		expect(extrasOf(ends.outcomes)).toEqual({
			a: { error: expect.stringContaining("couldn't find anything") },
			b: { event: 'stopped' },
		});
	});

	it.each([
		['shows it', undefined],
		['fails', 500],
	])('goes on being polled if the API %s in between', async (_what, between) => {
		world.statuses.set('a', 'running');
		const { ends } = await world.poll(['a'], DAY_MS);
		for (let round = 0; round < 4; round++) {
			world.statuses.delete('a');
			const asked = world.count('GET');
			while (world.count('GET') < asked + 2) await pass(SECOND_MS);
			world.statuses.set('a', 'running');
			world.fault = () => between;
			await pass(40 * SECOND_MS);
			world.fault = () => undefined;
		}
		expect(ends.outcomes.size).toBe(0);
		world.statuses.set('a', 'stopped');
		await pass(HOUR_MS);
		expect(extrasOf(ends.outcomes)).toEqual({ a: { event: 'stopped' } });
	});

	it('is taken from the list that has it', async () => {
		const { ends } = await world.poll(['a', 'b'], DAY_MS);
		world.fault = ({ id }) => (id === 'a' ? 404 : id === 'b' ? 'form' : undefined);
		await pass(HOUR_MS);
		expect(ends.outcomes.size).toBe(0);
		world.statuses.set('a', 'stopped').set('b', 'failed');
		await pass(HOUR_MS);
		expect(extrasOf(ends.outcomes)).toEqual({ a: { event: 'stopped' }, b: { event: 'failed' } });
	});
});

it.each([401, 403])(
	'A credential that is rejected (%i) ends no wait: it is logged once, and an end is found once it is accepted again',
	async (status) => {
		const { ends } = await world.poll(['a', 'b', 'c'], DAY_MS, ['b']);
		world.fault = () => status;
		await pass(2 * HOUR_MS);
		expect(ends.outcomes.size).toBe(0);
		expect(world.warnings).toEqual([expect.stringMatching(/rejects the credential .* execution 1/)]);
		world.fault = () => undefined;
		world.statuses.set('a', 'stopped');
		await pass(DAY_MS);
		expect(extrasOf(ends.outcomes)).toEqual({
			a: { event: 'stopped' },
			b: { timedOut: true, endedAtTimeout: true },
			c: { timedOut: true },
		});
	},
);

describe('A list', () => {
	it.each([403, 404, 500, 'form' as const])(
		'that fails (%s) does not hide ends: some are fetched one by one, others by the next poll',
		async (fault) => {
			const ids = many(100);
			const { ends } = await world.poll(ids);
			world.fault = ({ page }) => (page === undefined ? undefined : fault);
			for (const id of ids) world.statuses.set(id, 'stopped');
			await pass(4_400);
			expect(world.count('GET', false)).toBe(20);
			await pass(5 * 60 * SECOND_MS);
			expect(ends.outcomes.size).toBe(100);
			expect(world.count('GET', false)).toBe(100);
		},
	);

	it('that fails hides no end behind many that go on', async () => {
		const ids = many(100);
		const { ends } = await world.poll(ids);
		world.fault = ({ page }) => (page === undefined ? undefined : 500);
		world.statuses.set(ids[99] as string, 'stopped');
		await pass(5 * 60 * SECOND_MS);
		expect(ends.outcomes.size).toBe(1);
	});

	it('that fails with all else costs one more request', async () => {
		await world.poll(many(100));
		world.fault = () => 403;
		await pass(2 * SECOND_MS);
		expect(world.requests).toHaveLength(2);
	});

	it('keeps what its first page showed when the second one fails', async () => {
		const ids = many(60);
		const { ends } = await world.poll(ids);
		for (const id of ids) world.statuses.set(id, 'stopped');
		world.fault = ({ page }) => (page === 1 ? undefined : 403);
		await pass(3 * SECOND_MS);
		expect(ends.outcomes.size).toBe(50);
	});

	it('that lags behind an event is not believed', async () => {
		const poller = await world.poll(many(3));
		await pass(2 * SECOND_MS);
		for (const id of many(3)) {
			world.statuses.set(id, 'completed');
			world.listed.set(id, 'running');
			poller.noteEvent(id, 'stopped');
		}
		const outcomes = await poller.collect();
		poller.stop();
		expect([...outcomes.values()].map(({ record }) => record?.status)).toEqual(Array(3).fill('completed'));
	});

	it('that lags behind is not believed at the deadline', async () => {
		const ids = many(3);
		const { ends } = await world.poll(ids);
		for (const id of ids) world.statuses.set(id, 'stopped');
		for (const id of ids) world.listed.set(id, 'running');
		await pass(HOUR_MS + 10 * SECOND_MS);
		expect(Object.values(extrasOf(ends.outcomes))).toEqual(Array(3).fill({ event: 'stopped' }));
	});
});

describe('At the deadline', () => {
	it('what is to be ended is ended once, and only if it still runs', async () => {
		const { ends } = await world.poll(['a', 'b', 'c'], HOUR_MS, ['a', 'b']);
		await pass(HOUR_MS - 1);
		world.statuses.set('b', 'stopped');
		await pass(10 * SECOND_MS);
		expect(world.requests.filter(({ method }) => method === 'POST').map(({ id }) => id)).toEqual(['a']);
		expect(extrasOf(ends.outcomes)).toEqual({
			a: { timedOut: true, endedAtTimeout: true },
			b: { event: 'stopped' },
			c: { timedOut: true },
		});
	});

	it.each([
		[
			'failed',
			500,
			'running',
			{ timedOut: true, endedAtTimeout: false, endError: expect.stringMatching(/./) },
		],
		// Without a clear answer it was our request.
		['worked without an answer', 500, 'completed', { timedOut: true, endedAtTimeout: true }],
		['came too late', 409, 'failed', { event: 'failed' }],
	])('it says that ending %s', async (_what, status, after, extra) => {
		const { ends } = await world.poll(['a'], HOUR_MS, ['a']);
		world.fault = ({ id, method }) => {
			if (method === 'GET') return undefined;
			world.statuses.set(id, after);
			return status;
		};
		await pass(HOUR_MS + 10 * SECOND_MS);
		expect(extrasOf(ends.outcomes)).toEqual({ a: extra });
	});

	it('what VideoSDK has no time for at once is ended a moment later', async () => {
		const ids = many(30);
		const { ends } = await world.poll(ids, HOUR_MS, ids);
		let count = 0;
		world.fault = ({ method }) => (method === 'POST' && ++count > 20 && count <= 30 ? 429 : undefined);
		world.retryAfterS = 1;
		await pass(HOUR_MS + 10 * SECOND_MS);
		const extra = { timedOut: true, endedAtTimeout: true };
		expect(Object.values(extrasOf(ends.outcomes))).toEqual(Array(30).fill(extra));
	});

	it('no request is waiting to be sent again since before', async () => {
		await world.poll(many(3), 600 * SECOND_MS, many(3));
		await pass(480 * SECOND_MS);
		world.retryAfterS = 60;
		world.fault = ({ method }) => (method === 'GET' ? 429 : undefined);
		await pass(HOUR_MS);
		const { atMs = Infinity } = world.requests.find(({ method }) => method === 'POST') ?? {};
		expect(atMs).toBeLessThan(630 * SECOND_MS);
		expect(world.resumes[0]?.atMs).toBeLessThan(n8nDeadlineMs(600 * SECOND_MS, 3));
	});

	it('what still runs is ended although another project is being slowed down', async () => {
		for (let index = 0; index < 40; index++) {
			const slowed = new World();
			slowed.fault = ({ method }) => (method === 'GET' ? 429 : undefined);
			slowed.retryAfterS = 60;
			await slowed.poll([`slowed-${index}`], 4 * HOUR_MS);
		}
		const { ends } = await world.poll(['a'], 3 * SECOND_MS, ['a']);
		await pass(30 * SECOND_MS);
		expect(extrasOf(ends.outcomes)).toEqual({ a: { timedOut: true, endedAtTimeout: true } });
	});

	it.each([1, 100, 1_000])('each of %i has a clear outcome in time if the API hangs', async (count) => {
		const ids = many(count);
		const { ends } = await world.poll(ids, HOUR_MS, ids);
		await pass(HOUR_MS - 1);
		world.fault = () => 'hang';
		await pass(DAY_MS);
		expect(ends.outcomes.size).toBe(count);
		for (const { extra } of ends.outcomes.values()) {
			expect(extra).toEqual({
				timedOut: true,
				endedAtTimeout: false,
				endError: expect.stringMatching(/no time left|not answer/i),
			});
		}
		expect(world.count('POST')).toBeGreaterThanOrEqual(count);
		expect(world.resumes).toHaveLength(1);
		expect(world.resumes[0]?.atMs).toBeLessThan(n8nDeadlineMs(HOUR_MS, count) - 20 * SECOND_MS);
	});
});

describe('A hint', () => {
	/** By then polls are far apart. */
	const lull = async () => {
		await pass(HOUR_MS / 2);
		world.requests.length = 0;
	};

	it('has the API asked soon, if it is verified by the same credential and about what is awaited', async () => {
		await world.poll(['a']);
		await lull();
		hintEnd('another', 'a');
		hintEnd('credential-1', 'b');
		await pass(20 * SECOND_MS);
		expect(world.requests).toEqual([]);
		world.statuses.set('a', 'completed');
		hintEnd('credential-1', 'a');
		await pass(2 * SECOND_MS);
		expect(world.requests).toHaveLength(1);
		expect(world.resumes).toHaveLength(1);
		hintEnd('credential-1', 'a');
		await pass(20 * SECOND_MS);
		expect(world.requests).toHaveLength(1);
	});

	it('makes no "not found" certain, since it may be ahead of the API', async () => {
		const { ends } = await world.poll(['a']);
		await pass(60 * SECOND_MS);
		const status = String(world.statuses.get('a'));
		world.statuses.delete('a');
		hintEnd('credential-1', 'a');
		await pass(8 * SECOND_MS);
		world.statuses.set('a', status);
		await pass(60 * SECOND_MS);
		expect(extrasOf(ends.outcomes)).toEqual({});
	});

	it('shares a request of the list with those of five seconds, and the last one does not wait for it', async () => {
		const ids = many(100);
		await world.poll(ids);
		await lull();
		for (const id of ids) {
			world.statuses.set(id, 'completed');
			hintEnd('credential-1', id);
			await pass(250);
		}
		await pass(SECOND_MS);
		expect(world.resumes).toHaveLength(1);
		// 25 seconds, and a second one when all were told.
		expect(world.requests.length).toBeLessThanOrEqual(10);
	});
});

describe('The credential', () => {
	const context = (read: () => object) =>
		({ getNode: () => NODE, getCredentials: async () => read() }) as unknown as RequestContext;

	it('is read through one context for all executions that read the same, and one more for each other value', async () => {
		const stored = { apiKey: 'old' };
		const first = await findSource(context(() => ({ ...stored })));
		stored.apiKey = 'new';
		await pass(2 * SECOND_MS);
		expect(await findSource(context(() => ({ ...stored })))).toBe(first);
		const own = await findSource(context(() => ({ apiKey: 'of the item' })));
		expect(own).not.toBe(first);
		stored.apiKey = 'newer';
		await pass(2 * SECOND_MS);
		expect((await first.read()).data).toEqual({ apiKey: 'newer' });
	});

	it('counts as last read where n8n cannot evaluate its expression any more, but not once it is deleted', async () => {
		let reason = '';
		const source = await findSource(
			context(() => {
				if (reason) throw new Error(reason);
				return { apiKey: 'of this item' };
			}),
		);
		reason = 'No isolate [Error resolving credentials]';
		await pass(2 * SECOND_MS);
		expect((await source.read()).data).toEqual({ apiKey: 'of this item' });
		reason = 'Credential with ID "1" does not exist';
		await pass(2 * SECOND_MS);
		await expect(source.read()).rejects.toThrow('does not exist');
	});
});

it('a call that is over counts as answered if nothing but its start says how it began', () => {
	const item = {
		...{ callId: 'a', status: 'initiated', to: '+1', timedOut: true },
		timelog: [{ status: 'initiated', timestamp: '2026-01-15T10:00:00Z' }],
	};
	for (const outcome of [{ record: { status: 'ended' }, extra: {} }, { extra: { status: 'ended' } }]) {
		expect(finishedItem(CONVERSATIONS.call, item, outcome, false)).toMatchObject({
			...{ callId: 'a', outcome: 'answered', answered: true, to: '+1' },
		});
	}
	// Who had answered when the start was answered stays so.
	const timelog = [...item.timelog, { status: 'answered', timestamp: '2026-01-15T10:00:05Z' }];
	const failed = finishedItem(
		CONVERSATIONS.call,
		{ ...item, timelog },
		{ extra: { status: 'failed' } },
		false,
	);
	expect(failed).toMatchObject({ outcome: 'failed', answered: true });
	// One that is still running as far as is known stays as it was.
	const running = finishedItem(CONVERSATIONS.call, item, { extra: { timedOut: true } }, false);
	expect(running).toMatchObject({ outcome: 'running', timelog: item.timelog });
});

it('an answer to an earlier request changes nothing of what is settled', async () => {
	const { ends } = await world.poll(['a']);
	const settled = { record: { status: 'completed', transcript: 'said' }, extra: {} };
	ends.settle('a', settled);
	expect(ends.noteFound('a', { record: { sessionId: 'a', status: 'completed' } })).toBe(false);
	expect(ends.outcomes.get('a')).toBe(settled);
});
