/** When VideoSDK is asked, when a conversation is ended, and that all of it fits before n8n's own deadline. */
import fc from 'fast-check';
import { type Fact, type Known, needsLog } from '../../../nodes/VideoSdkAgentCloud/conversation/known';
import {
	endsUntilMs,
	isOver,
	next,
	noteEndPoll,
	nothingDone,
	type Progress,
	type WaitPolicy,
} from '../../../nodes/VideoSdkAgentCloud/conversation/nextStep';
import { pollIntervalMs } from '../../../nodes/VideoSdkAgentCloud/conversation/pollInterval';
import { type Budget, budgetOf } from '../../../nodes/VideoSdkAgentCloud/waiting/budget';
import { anyFact, DEADLINE_MS, ID, knownOf, SECOND, WANT } from './facts';
import { check, checkTimes } from '../support';

const HOUR = 3_600 * SECOND;
const START = nothingDone(DEADLINE_MS - HOUR);

it('an end is known half a minute late at most in the first hour, then a tenth of the time waited, at most half an hour', () => {
	check([fc.oneof(fc.nat(200 * SECOND), fc.nat(6 * HOUR), fc.nat(30 * 24 * HOUR))], (waitedMs) => {
		const early = Math.min(Math.max(waitedMs / 4, 2 * SECOND), 30 * SECOND);
		const longest = waitedMs < HOUR ? early : Math.min(waitedMs / 10, HOUR / 2);
		expect(pollIntervalMs(waitedMs)).toBeLessThanOrEqual(longest);
		expect(pollIntervalMs(waitedMs)).toBeGreaterThan(0.8 * longest);
	});
});

it('an end that an event alone told is polled for soon, and counts a minute later, or at Max Wait', () => {
	const seconds = fc.integer({ min: -120, max: 120 });
	check([seconds, seconds], (toldS, nowS) => {
		const known = knownOf('session', [{ reported: { stopped: DEADLINE_MS + toldS * SECOND } }]);
		const countsS = toldS < 0 ? Math.min(toldS + 60, 0) : toldS;
		const nowMs = DEADLINE_MS + nowS * SECOND;
		expect(isOver(known, WANT, nowMs)).toBe(nowS >= countsS);
		if (nowS >= Math.min(countsS, 0)) return;
		const pauses = [0, 1].map((soonPolls) =>
			next(known, WANT, { ...START, soonPolls }, budgetOf(DEADLINE_MS, 0, 1), nowMs),
		);
		const usualMs = pollIntervalMs(Math.max(nowS - toldS, 0) * SECOND);
		expect(pauses).toMatchObject([{ pauseMs: usualMs }, { pauseMs: SECOND }]);
	});
});

it.each<[what: string, polls: Array<[seconds: number, isEnd?: false]>, countsAtS: number]>([
	['three times in a row, with 5 s in between', [[0], [5], [10]], 10],
	['not in two of them', [[0], [5]], NaN],
	['not sooner by polls in between', [[0], [1], [4], [5], [9], [10]], 10],
	['anew after a poll that shows none', [[0], [5], [6, false], [7], [12], [17]], 17],
])('an end under a status that nobody knows counts when polls show it: %s', (_what, polls, countsAtS) => {
	const progress = { ...START };
	const counting = polls.find(([seconds, isEnd = true]) => noteEndPoll(progress, isEnd, seconds * SECOND));
	expect(counting?.[0] ?? NaN).toBe(countsAtS);
});

it('ends are sent until each had its turn, or for as long after a first one that came late', () => {
	const limits = { endMs: 90 * SECOND, fetchUntilMs: DEADLINE_MS + 600 * SECOND };
	check([fc.oneof(fc.integer({ min: 0, max: 700 }), fc.constant(Infinity))], (triedS) => {
		const progress = { ...START, triedAtMs: DEADLINE_MS + triedS * SECOND };
		const untilS = triedS < 90 ? 90 : Math.min(triedS + 90, 600);
		expect(endsUntilMs(WANT, progress, limits)).toBe(DEADLINE_MS + untilS * SECOND);
	});
});

describe('Of a call that is over, an execution waits 90 s at most', () => {
	const limits = { endMs: 90 * SECOND, fetchUntilMs: DEADLINE_MS + HOUR };
	const over = { ...knownOf('call', []), isConfirmedOver: true };

	it('for the turn of the last poll for what was said', () => {
		const known = { ...over, isEndReported: true, seenOverAtMs: DEADLINE_MS };
		const policy: WaitPolicy = { ...WANT, include: ['transcript'], fetchMs: 60 * SECOND };
		const lastFetchAtMs = DEADLINE_MS + 60 * SECOND;
		const stepAt = (ms: number) =>
			next(known, policy, { ...START, lastFetchAtMs }, limits, lastFetchAtMs + ms);
		expect(stepAt(90 * SECOND - 1)).toMatchObject({ step: 'fetch', isLast: true });
		expect(stepAt(90 * SECOND)).toEqual({ step: 'ready' });
	});

	it('for a poll that tells whether someone picked up, and fails again and again', () => {
		const seenOverAtMs = DEADLINE_MS - HOUR;
		const progress = { ...START, failedAtMs: seenOverAtMs + 10 * SECOND };
		const stepAt = (ms: number) => next({ ...over, seenOverAtMs }, WANT, progress, limits, seenOverAtMs + ms);
		expect(stepAt(90 * SECOND - 1)).toMatchObject({ step: 'poll', untilMs: seenOverAtMs + 90 * SECOND });
		expect(stepAt(90 * SECOND)).toEqual({ step: 'ready' });
	});
});

/** @returns what is next: of what is over, the timelog if no one may have picked up, then what is wanted as long as it may come */
function expectedStep(
	known: Known,
	want: WaitPolicy,
	progress: Progress,
	{ fetchUntilMs: fetchUntilMs }: Budget,
	nowMs: number,
) {
	const isEnd = known.isConfirmedOver || known.ended === true || Object.keys(known.reported).length > 0;
	if (!isEnd) {
		const dueMs = Math.max(progress.polledAtMs, progress.sinceMs) + pollIntervalMs(nowMs - progress.sinceMs);
		return nowMs < want.deadlineMs ? { step: 'poll', atMs: Math.min(dueMs, want.deadlineMs) } : {};
	}
	const { seenOverAtMs = nowMs } = known;
	const isLogDue = needsLog(known) && progress.polledAtMs < seenOverAtMs && nowMs < fetchUntilMs;
	if (isLogDue) return { step: 'poll', untilMs: fetchUntilMs };
	const untilMs = Math.min(seenOverAtMs + want.fetchMs, fetchUntilMs);
	const isOpen = want.include.some((name) => known.artifacts[name]?.mayCome ?? true);
	if (!isOpen || progress.fetchedAtMs >= untilMs)
		return { step: nowMs >= seenOverAtMs + (want.responseMs ?? 0) ? 'ready' : 'pause' };
	const pause = Math.max(pollIntervalMs(progress.fetchedAtMs - seenOverAtMs), 0);
	return { step: 'fetch', atMs: Math.min(progress.fetchedAtMs + pause, untilMs), isLast: nowMs >= untilMs };
}

/** Lives through a wait, in which each request takes some time, and each poll or end brings the next fact, unless it fails. */
function live(facts: Fact[], want: WaitPolicy, requestMs: number, budget: Budget, failures: boolean[] = []) {
	const progress = { ...START };
	const open = [...facts];
	const failing = [...failures];
	let known = knownOf('call', []);
	let nowMs = START.sinceMs;
	const sent: Array<{ step: string; atMs: number; seenOverAtMs: number }> = [];
	const learned: Fact[] = [];
	for (let turn = 0; turn < 2_000; turn++) {
		const step = next(known, want, progress, budget, nowMs);
		expect(step).toMatchObject(expectedStep(known, want, progress, budget, nowMs));
		if (step.step === 'ready') return { sent, readyAtMs: nowMs };
		nowMs = Math.max(nowMs, step.atMs);
		if (step.step === 'pause') continue;
		sent.push({ step: step.step, atMs: nowMs, seenOverAtMs: known.seenOverAtMs ?? nowMs });
		const isFailed = step.step === 'poll' && failing.shift();
		const field = ({ poll: 'polledAtMs', end: 'endedAtMs', fetch: 'fetchedAtMs' } as const)[step.step];
		progress[isFailed && nowMs >= want.deadlineMs ? 'failedAtMs' : field] = nowMs;
		nowMs += requestMs;
		const fact = isFailed ? undefined : open.shift();
		if (fact) learned.push(fact);
		known = knownOf('call', learned);
		if (known.seenOverAtMs === undefined && isOver(known, want, nowMs)) learned.push({ seenOverAtMs: nowMs });
		known = knownOf('call', learned);
	}
	throw new Error('It never ends');
}

it('whatever is learned, and however slow VideoSDK is, nothing is sent in the last 75 s before n8n goes on by itself', () => {
	// When the end was seen is the wait's own.
	const fact = anyFact('call').filter((one) => !('seenOverAtMs' in one));
	const facts = fc.array(fact, { maxLength: 8 });
	const wants = fc.record({
		isEnded: fc.boolean(),
		include: fc.constantFrom<WaitPolicy['include']>([], ['transcript'], ['recording', 'transcript']),
		fetchMs: fc.integer({ min: SECOND, max: 600 * SECOND }),
		responseMs: fc.constantFrom(undefined, 30 * SECOND),
	});
	const requests = fc.integer({ min: 1, max: 10 * SECOND });
	const counts = fc.integer({ min: 1, max: 2_000 });
	const fails = fc.array(fc.boolean(), { maxLength: 200 });
	checkTimes(100)([facts, wants, requests, counts, fails], (list, some, requestMs, count, failures) => {
		const want = { ...WANT, ...some };
		const budget = budgetOf(DEADLINE_MS, want.include.length > 0 ? want.fetchMs : 0, count);
		const { sent, readyAtMs } = live(list, want, requestMs, budget, failures);
		for (const { atMs } of sent) expect(atMs + requestMs).toBeLessThanOrEqual(budget.continueUntilMs);
		expect(readyAtMs).toBeLessThanOrEqual(budget.continueUntilMs);
		// Looked for once whenever it is taken up, and then for no longer than is wanted. A poll for the timelog may come first.
		for (const { atMs, seenOverAtMs } of sent.filter(({ step }) => step === 'fetch').slice(1))
			expect(atMs - seenOverAtMs).toBeLessThanOrEqual(want.fetchMs + 2 * requestMs);
		expect(budget.n8nDeadlineMs - budget.continueUntilMs).toBe(75 * SECOND);
		// Each of many ends has its turn, also if VideoSDK answers none.
		expect(budget.endMs).toBeGreaterThanOrEqual((90 + count) * SECOND);
		expect(budget.n8nDeadlineMs - DEADLINE_MS - want.fetchMs).toBeLessThanOrEqual(40 * 60 * SECOND);
	});
});

it('what is to be ended is ended at its Max Wait, and again while that fails', () => {
	const failing: Fact[] = [{ record: { callId: ID, status: 'answered' } }];
	const { sent } = live(failing, { ...WANT, isEnded: true }, SECOND, budgetOf(DEADLINE_MS, 0, 1));
	const ends = sent.filter(({ step }) => step === 'end').map(({ atMs }) => atMs - DEADLINE_MS);
	expect(ends[0]).toBeGreaterThanOrEqual(0);
	expect(ends[0]).toBeLessThanOrEqual(SECOND);
	expect(ends.length).toBeGreaterThan(3);
	// For longer than a minute in which VideoSDK answers nothing but 429 or 503.
	expect(ends.at(-1)).toBeGreaterThan(90 * SECOND);
});

it('a process that takes up a wait after its Max Wait still ends it, if n8n is not about to go on by itself', () => {
	const budget = budgetOf(DEADLINE_MS, 600 * SECOND, 1);
	const want = { ...WANT, isEnded: true, include: ['transcript' as const], fetchMs: 600 * SECOND };
	for (const nowMs of [DEADLINE_MS, DEADLINE_MS + 300 * SECOND])
		expect(next(knownOf('call', []), want, START, budget, nowMs)).toMatchObject({ step: 'end' });
	const tooLateMs = budget.fetchUntilMs;
	expect(next(knownOf('call', []), want, START, budget, tooLateMs)).toEqual({ step: 'ready' });
});

it('a last poll that fails is tried again, at a moderate pace, as long as there is time', () => {
	const failures = Array.from({ length: 1_000 }, () => true);
	const { sent } = live([], WANT, SECOND, budgetOf(DEADLINE_MS, 0, 1), failures);
	const last = sent.filter(({ atMs }) => atMs >= DEADLINE_MS);
	// At 5, 10, 20, 40, 70, and 100 s: an outage of a minute costs nothing.
	expect(last.length).toBeGreaterThan(4);
	expect(last.length).toBeLessThan(9);
	expect(last[1]?.atMs).toBeLessThan(DEADLINE_MS + 10 * SECOND);
	expect(last.at(-1)?.atMs).toBeGreaterThan(DEADLINE_MS + 60_000);
});

it('what is not to be ended is polled once more at its Max Wait', () => {
	const { sent } = live([], WANT, SECOND, budgetOf(DEADLINE_MS, 0, 1));
	expect(sent.at(-1)?.step).toBe('poll');
	expect(sent.filter(({ atMs }) => atMs >= DEADLINE_MS)).toHaveLength(1);
	expect(sent.map(({ step }) => step)).not.toContain('end');
});
