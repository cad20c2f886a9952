import { type Includable } from './artifact';
import { type Known, needsLog, reportedEnd } from './known';
import { pollIntervalMs } from './pollInterval';

/** What is wanted of a conversation that an execution waits for. Stored with the execution, so in ms and plain values only. */
export interface WaitPolicy {
	/** Its Max Wait, in ms since 1970. */
	deadlineMs: number;
	/** Whether it is ended then. */
	isEnded: boolean;
	/** After so long VideoSDK ends it because of Max Wait, in ms: before Max Wait, if others were started after it. */
	limitMs?: number;
	/** Whether its output is short, and not the whole record. */
	isSimplified: boolean;
	/** What to fetch after the end, such as a transcript. */
	include: Includable[];
	/** The room that was made for it alone, where that is looked for: VideoSDK may move a call to a room of others. */
	ownRoomId?: string;
	/** For how long that is waited for after the end, in ms. */
	fetchMs: number;
	/** For how long a response is waited for after the end, in ms. */
	responseMs?: number;
}

/** What a process has done for a conversation so far. Times in ms since 1970. */
export type Progress = ReturnType<typeof nothingDone>;

/** @param sinceMs when the wait began, in ms since 1970 */
export function nothingDone(sinceMs: number) {
	return {
		sinceMs,
		polledAtMs: -Infinity,
		/** The last look after Max Wait that brought no answer. */
		failedAtMs: -Infinity,
		/** An event said that it may be over: looks left that come soon. */
		soonPolls: 0,
		/** Looks that have shown an end under a status that nobody knows, each some time after the one before. */
		endPolls: 0,
		/** When the last of them began. */
		endPolledAtMs: -Infinity,
		/** The first end, or look after Max Wait. */
		triedAtMs: Infinity,
		endedAtMs: -Infinity,
		fetchedAtMs: -Infinity,
		/** Since when the last look for what was said is due. */
		lastFetchAtMs: Infinity,
	};
}

/** If the clock of deadlines is set back, what was done later than now counts as not done, so that nothing is held up. */
export function forgetFuture(progress: Progress, nowMs: number): void {
	progress.sinceMs = Math.min(progress.sinceMs, nowMs);
	for (const name of ['polledAtMs', 'failedAtMs', 'endPolledAtMs', 'endedAtMs', 'fetchedAtMs'] as const) {
		if (progress[name] > nowMs) progress[name] = -Infinity;
	}
}

/** Until when something is done, see waiting/budget.ts. */
export interface TimeLimits {
	/** Ends, in ms after Max Wait. */
	endMs: number;
	/** Looking for what was said, in ms since 1970. */
	fetchUntilMs: number;
}

/**
 * What to do next, and when, in ms since 1970; a time that has passed: at once. `pause`: nothing until then. `pauseMs`: the time from
 * the last look until then. `untilMs`: when something else is next, whether or not there was a look.
 */
export type Step =
	| { step: 'poll'; atMs: number; pauseMs: number; untilMs: number }
	| { step: 'end' | 'fetch' | 'pause'; atMs: number; isLast?: boolean }
	| { step: 'ready' };

/** The API is to show an end that an event told. After this time the event counts all the same. */
const REPORT_COUNTS_AFTER_MS = 60_000;
const SOON_PAUSE_MS = 1_000;
/** So many looks, with such pauses, make sure of an end under a status that nobody knows. */
const END_POLLS = 3;
const END_PAUSE_MS = 5_000;
/** An end or a last look that failed is tried again, as long as there is time. */
const TRY_AGAIN_MS = 5_000;
/** Less and less often, so that a large execution doesn't ask an API that fails all the time. */
export const LONGEST_TRY_AGAIN_MS = 30_000;

/** @returns whether the conversation is over, as far as is known at a time in ms since 1970 */
export function isOver(known: Known, { deadlineMs }: WaitPolicy, nowMs: number): boolean {
	const reportedAtMs = Math.min(...Object.values(known.reported));
	const countsAtMs = Math.min(reportedAtMs + REPORT_COUNTS_AFTER_MS, Math.max(reportedAtMs, deadlineMs));
	return known.isConfirmedOver || known.ended === true || nowMs >= countsAtMs;
}

/**
 * Notes whether a look has shown an end under a status that nobody knows.
 *
 * @param nowMs when the look began, in ms since 1970
 * @returns whether that end is certain by now
 */
export function noteEndPoll(progress: Progress, isEnd: boolean, nowMs: number): boolean {
	if (!isEnd) progress.endPolls = 0;
	else if (progress.endPolls === 0 || nowMs >= progress.endPolledAtMs + END_PAUSE_MS) {
		progress.endPolls++;
		progress.endPolledAtMs = nowMs;
	}
	return progress.endPolls >= END_POLLS;
}

/** @returns the parts that are wanted and may still come */
export function openArtifacts({ artifacts }: Known, { include }: WaitPolicy): Includable[] {
	return include.filter((name) => artifacts[name]?.mayCome ?? true);
}

/** @returns until when a conversation is ended, or looked at, after its Max Wait, in ms since 1970 */
export function endsUntilMs(policy: WaitPolicy, progress: Progress, limits: TimeLimits): number {
	const usualMs = policy.deadlineMs + limits.endMs;
	// A process that takes the wait up late, or slept at Max Wait, ends it or looks all the same.
	return progress.triedAtMs < usualMs
		? usualMs
		: Math.min(progress.triedAtMs + limits.endMs, limits.fetchUntilMs);
}

/** The only decision: what to do next for a conversation, and when. */
export function next(
	known: Known,
	policy: WaitPolicy,
	progress: Progress,
	limits: TimeLimits,
	nowMs: number,
): Step {
	const { polledAtMs, failedAtMs, soonPolls, endPolls, endedAtMs, fetchedAtMs, sinceMs } = progress;
	const lastMs = endsUntilMs(policy, progress, limits);
	/** When what failed after Max Wait is tried again: less and less often. */
	const againMs = (triedAtMs: number) =>
		triedAtMs + Math.min(Math.max(triedAtMs - policy.deadlineMs, TRY_AGAIN_MS), LONGEST_TRY_AGAIN_MS);
	if (isOver(known, policy, nowMs)) {
		const { seenOverAtMs = nowMs } = known;
		// A look for the timelog that fails is tried again, though not for as long as Max Wait may last.
		const logUntilMs = failedAtMs < seenOverAtMs ? lastMs : Math.min(lastMs, seenOverAtMs + limits.endMs);
		if (needsLog(known) && polledAtMs < seenOverAtMs && nowMs < logUntilMs) {
			const atMs = Math.min(againMs(failedAtMs), logUntilMs);
			return { step: 'poll', atMs, pauseMs: 0, untilMs: logUntilMs };
		}
		const untilMs = Math.min(seenOverAtMs + policy.fetchMs, limits.fetchUntilMs);
		// The execution doesn't wait much longer for one that gets no turn.
		const isTooLate = nowMs >= progress.lastFetchAtMs + limits.endMs;
		if (openArtifacts(known, policy).length === 0 || fetchedAtMs >= untilMs || isTooLate) {
			const readyAtMs = seenOverAtMs + (policy.responseMs ?? 0);
			return nowMs >= readyAtMs ? { step: 'ready' } : { step: 'pause', atMs: readyAtMs };
		}
		const fetchAtMs = fetchedAtMs + pollIntervalMs(fetchedAtMs - seenOverAtMs);
		return { step: 'fetch', atMs: Math.min(fetchAtMs, untilMs), isLast: nowMs >= untilMs };
	}
	const isTimeUp = nowMs >= policy.deadlineMs;
	if (isTimeUp && nowMs >= lastMs) return { step: 'ready' };
	if (isTimeUp && policy.isEnded)
		return { step: 'end', atMs: Math.min(Math.max(nowMs, againMs(endedAtMs)), lastMs) };
	const isPolled = isTimeUp && polledAtMs >= policy.deadlineMs;
	if (isPolled && endPolls === 0) return { step: 'ready' };
	const reportedAtMs = Math.min(nowMs, ...Object.values(known.reported));
	const usualMs = pollIntervalMs(reportedEnd(known) === undefined ? nowMs - sinceMs : nowMs - reportedAtMs);
	const pause = soonPolls > 0 ? SOON_PAUSE_MS : endPolls > 0 ? END_PAUSE_MS : usualMs;
	const dueAtMs = Math.min(Math.max(polledAtMs, sinceMs) + pause, isPolled ? Infinity : policy.deadlineMs);
	const untilMs = isTimeUp ? lastMs : policy.deadlineMs;
	const atMs = Math.min(Math.max(dueAtMs, againMs(failedAtMs)), untilMs);
	return { step: 'poll', atMs, pauseMs: pause, untilMs };
}
