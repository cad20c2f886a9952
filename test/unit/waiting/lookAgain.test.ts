import type { Look } from '../../../nodes/VideoSdkAgentCloud/waiting/lookAgain';
import {
	isGenuineLook,
	keepLooking,
	LAST_LOOK_GRACE_MS,
	nextLookMs,
	signLook,
} from '../../../nodes/VideoSdkAgentCloud/waiting/lookAgain';

jest.mock('n8n-workflow', () => ({ sleep: async () => await new Promise(setImmediate) }));

const look = (more: Partial<Look> = {}): Look => ({
	resumeUrl: 'http://localhost:5678/webhook-waiting/1?signature=a',
	sessionId: 's1',
	secretKey: 'secret',
	deadlineMs: Infinity,
	...more,
});

/** Answers the looks, and yields how many came in all. */
async function looksUntilOver(answer: (count: number) => object, more: Partial<Look> = {}): Promise<number> {
	let count = 0;
	keepLooking(async () => answer(++count), look(more));
	for (let seen = -1; seen !== count || count === 0;) {
		seen = count;
		for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
	}
	return count;
}

const WAITING = { statusCode: 200, body: { waiting: true } };

describe('keepLooking', () => {
	it.each([
		['the run is over', { statusCode: 409 }],
		['the run is gone, or waits at another node', { statusCode: 404 }],
		['the run waits for another session', { statusCode: 401 }],
		['the look resumed the run', { statusCode: 200, body: '' }],
	])('ends soon when %s', async (_what, last) => {
		expect(await looksUntilOver((count) => (count < 4 ? WAITING : last))).toBe(6);
	});

	it('goes on after single answers of others, such as of an n8n that is starting', async () => {
		const starting = { statusCode: 200, body: 'n8n is starting up. Please wait' };
		const answers = [
			{ statusCode: 409 },
			starting,
			WAITING,
			{ statusCode: 404 },
			{ statusCode: 401 },
			WAITING,
		];
		expect(await looksUntilOver((count) => answers[count - 1] ?? { statusCode: 409 })).toBe(9);
	});

	it('ends at the deadline, having told that the time is up', async () => {
		expect(await looksUntilOver(() => WAITING, { deadlineMs: 0 })).toBe(1);
	});

	it.each([
		['n8n cannot be reached', () => Promise.reject(new Error('connect ECONNREFUSED'))],
		['a proxy answers in its place', () => Promise.resolve({ statusCode: 502, body: '<html>' })],
	])('ends some day if %s, also for a wait without limit', async (_what, answer) => {
		expect(await looksUntilOver(answer)).toBe(300);
	});

	it('goes on through hundreds of looks at a session that goes on', async () => {
		expect(await looksUntilOver((count) => (count < 1_000 ? WAITING : { statusCode: 404 }))).toBe(1_002);
	});

	it('keeps the helper of the latest run only, for each holds the data of its run', async () => {
		const used: string[] = [];
		const helper = (name: string) => async () => {
			used.push(name);
			return used.length < 6 ? WAITING : { statusCode: 404 };
		};
		keepLooking(helper('first'), look());
		keepLooking(helper('second'), look());
		for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
		expect(new Set(used)).toEqual(new Set(['second']));
	});
});

it('its time is over before n8n sets a timer for its own deadline', () => {
	// n8n looks 70 s ahead (WaitTracker); a look takes some seconds.
	expect(LAST_LOOK_GRACE_MS).toBeGreaterThanOrEqual(85_000);
});

it('looks soon at first, then every five minutes, and at the deadline', () => {
	expect([0, 1, 2, 9].map((looks) => nextLookMs(looks, 0, Infinity))).toEqual([
		2_000, 6_000, 18_000, 300_000,
	]);
	expect(nextLookMs(9, 1_000, 4_000)).toBe(3_000);
	expect(nextLookMs(9, 5_000, 4_000)).toBe(0);
});

it.each([
	['another session', { sessionId: 's2', isTimeUp: true }, 'secret'],
	['another claim', { sessionId: 's1', isTimeUp: false }, 'secret'],
	['another secret', { sessionId: 's1', isTimeUp: true }, 'other'],
])('a signature is not good for %s', (_what, request, secretKey) => {
	const signature = signLook({ sessionId: 's1', isTimeUp: true }, 'secret');
	expect(isGenuineLook({ sessionId: 's1', isTimeUp: true }, signature, 'secret')).toBe(true);
	expect(isGenuineLook(request, signature, secretKey)).toBe(false);
	for (const none of [undefined, '', [], signature.slice(1)]) {
		expect(isGenuineLook({ sessionId: 's1', isTimeUp: true }, none, 'secret')).toBe(false);
	}
});
