import { Deadline, UNLIMITED_WAIT_MS, nextPollMs } from '../../../nodes/VideoSdkAgentCloud/waiting/schedule';
import { GRACE_MS } from '../../../nodes/VideoSdkAgentCloud/waiting/waitForEnds';

it('polls soon at first, then every half hour, and at the deadline', () => {
	expect([0, 1, 2].map((polls) => nextPollMs(polls, Infinity))).toEqual([2_000, 2_500, 3_125]);
	expect(nextPollMs(500, Infinity)).toBe(30 * 60_000);
	expect(nextPollMs(40, 3_000)).toBe(3_000);
	expect(nextPollMs(9, -1_000)).toBe(0);
});

it('notices an end late by a quarter of the time waited, and asks some thirty times in the first two hours', () => {
	let waitedMs = 0;
	let polls = 0;
	for (; waitedMs < 2 * 3_600_000; polls++) {
		const intervalMs = nextPollMs(polls, Infinity);
		expect(intervalMs).toBeLessThanOrEqual(waitedMs / 4 + 2_001);
		waitedMs += intervalMs;
	}
	expect(polls).toBeLessThan(35);
});

it('our deadline is over before n8n sets a timer for its own', () => {
	// n8n looks 70 s ahead (WaitTracker); the last poll takes some seconds.
	expect(GRACE_MS).toBeGreaterThanOrEqual(85_000);
});

describe('Deadline', () => {
	beforeEach(() => jest.useFakeTimers());
	afterEach(() => {
		jest.useRealTimers();
		jest.restoreAllMocks();
	});

	it('comes in time', () => {
		const { remainingMs } = new Deadline(Date.now() + 5_000);
		expect(remainingMs).toBeGreaterThan(4_900);
		expect(remainingMs).toBeLessThanOrEqual(5_000);
	});

	it('comes in time when the clock of the machine is set back, and is over when a laptop has slept', () => {
		const deadline = new Deadline(Date.now() + 5_000);
		const now = Date.now();
		jest.spyOn(Date, 'now').mockReturnValue(now - 365 * 24 * 3_600_000);
		expect(deadline.remainingMs).toBeLessThanOrEqual(5_000);
		jest.spyOn(Date, 'now').mockReturnValue(now + 6_000);
		expect(deadline.remainingMs).toBeLessThan(0);
	});

	it('does not come before the time that the user has set', () => {
		const { remainingMs } = new Deadline(Date.now() + 2 * UNLIMITED_WAIT_MS);
		expect(remainingMs).toBeGreaterThan(2 * UNLIMITED_WAIT_MS - 1_000);
	});
});
