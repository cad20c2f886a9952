import { type Includable } from './artifact';
import { type Known, needsLog, reportedEnd } from './known';
import { pollIntervalMs } from './pollInterval';

/** How an execution waits for a conversation. It's stored with the execution, so it holds nothing but what JSON can hold. */
export interface WaitPolicy {
	/** The end of Max Wait, in ms since 1970. */
	deadlineMs: number;
	/** Whether the conversation is ended then. */
	isEnded: boolean;
	/** The call's own limit, which VideoSDK got because of Max Wait, in ms. It ends before Max Wait if others were started after the call. */
	limitMs?: number;
	/** Whether the output is simplified, and not the whole record. */
	isSimplified: boolean;
	include: Includable[];
	/** The room that was created for it alone, in which its artifacts are searched for, because VideoSDK may move a call to another room. */
	ownRoomId?: string;
	/** How long to wait for the artifacts after the end, in ms. */
	fetchMs: number;
	/** How long to wait for a response after the end, in ms. */
	responseMs?: number;
}

/** What a process has done for a conversation so far, with times in ms since 1970. */
export type Progress = ReturnType<typeof nothingDone>;

/** Makes the progress of a process that has done nothing yet. @param sinceMs when the wait began, in ms since 1970 */
export function nothingDone(sinceMs: number) {
	return {
		sinceMs,
		polledAtMs: -Infinity,
		/** The last poll after Max Wait to which VideoSDK didn't respond. */
		failedAtMs: -Infinity,
		/** How many polls are left that follow each other soon, because an event said that the conversation may be over. */
		soonPolls: 0,
		/** How many polls in a row, each at least END_PAUSE_MS after the one before, have returned an end with an unknown status. */
		endPolls: 0,
		/** When the last one of these began. */
		endPolledAtMs: -Infinity,
		/** The first request to end it, or first poll, after Max Wait. */
		triedAtMs: Infinity,
		endedAtMs: -Infinity,
		fetchedAtMs: -Infinity,
		/** Since when the last search for artifacts is due. */
		lastFetchAtMs: Infinity,
	};
}

/** Forgets times in the future, because after the clock was set back they would hold up what is due. */
export function forgetFuture(progress: Progress, nowMs: number): void {
	progress.sinceMs = Math.min(progress.sinceMs, nowMs);
	for (const name of ['polledAtMs', 'failedAtMs', 'endPolledAtMs', 'endedAtMs', 'fetchedAtMs'] as const) {
		if (progress[name] > nowMs) progress[name] = -Infinity;
	}
}

/** Until when requests are sent, see waiting/budget.ts. */
export interface TimeLimits {
	/** Until when ends are requested, in ms after Max Wait. */
	endMs: number;
	/** Until when artifacts are searched for, in ms since 1970. */
	fetchUntilMs: number;
}

/**
 * What to do next, and when, in ms since 1970. A time that has passed means at once.
 * - `pause`: nothing is done until then
 * - `pauseMs`: the time from the last poll until then
 * - `untilMs`: when another step is next, whether or not there was a poll
 */
export type Step =
	| { step: 'poll'; atMs: number; pauseMs: number; untilMs: number }
	| { step: 'end' | 'fetch' | 'pause'; atMs: number; isLast?: boolean }
	| { step: 'ready' };

/** How long to wait for a record with the end that an event has reported. After that, the event alone counts. */
const REPORT_COUNTS_AFTER_MS = 60_000;
const SOON_PAUSE_MS = 1_000;
/** An end with an unknown status counts after this many polls, with these pauses in between. */
const END_POLLS = 3;
const END_PAUSE_MS = 5_000;
/** The pause before an end, or a last poll, that has failed is tried again. */
const TRY_AGAIN_MS = 5_000;
/** The longest such pause. The pauses grow, so that a large execution doesn't keep sending requests to an API that fails. */
export const LONGEST_TRY_AGAIN_MS = 30_000;

/** @returns whether the conversation is over, as far as is known. @param nowMs the present time, in ms since 1970 */
export function isOver(known: Known, { deadlineMs }: WaitPolicy, nowMs: number): boolean {
	const reportedAtMs = Math.min(...Object.values(known.reported));
	const countsAtMs = Math.min(reportedAtMs + REPORT_COUNTS_AFTER_MS, Math.max(reportedAtMs, deadlineMs));
	return known.isConfirmedOver || known.ended === true || nowMs >= countsAtMs;
}

/**
 * Notes whether a poll has returned an end with an unknown status.
 *
 * @param nowMs when the poll began, in ms since 1970
 * @returns whether that end counts now
 */
export function noteEndPoll(progress: Progress, isEnd: boolean, nowMs: number): boolean {
	if (!isEnd) progress.endPolls = 0;
	else if (progress.endPolls === 0 || nowMs >= progress.endPolledAtMs + END_PAUSE_MS) {
		progress.endPolls++;
		progress.endPolledAtMs = nowMs;
	}
	return progress.endPolls >= END_POLLS;
}

/** @returns the artifacts that are wanted and may still come */
export function openArtifacts({ artifacts }: Known, { include }: WaitPolicy): Includable[] {
	return include.filter((name) => artifacts[name]?.mayCome ?? true);
}

/** @returns until when ends and polls are sent for a conversation after its Max Wait, in ms since 1970 */
export function endsUntilMs(policy: WaitPolicy, progress: Progress, limits: TimeLimits): number {
	const usualMs = policy.deadlineMs + limits.endMs;
	// A process that learned of the wait late, or slept at Max Wait, still gets its time for an end or a poll.
	return progress.triedAtMs < usualMs
		? usualMs
		: Math.min(progress.triedAtMs + limits.endMs, limits.fetchUntilMs);
}

/** Decides what to do next for a conversation, and when. Nothing else decides that. */
export function next(
	known: Known,
	policy: WaitPolicy,
	progress: Progress,
	limits: TimeLimits,
	nowMs: number,
): Step {
	const { polledAtMs, failedAtMs, soonPolls, endPolls, endedAtMs, fetchedAtMs, sinceMs } = progress;
	const lastMs = endsUntilMs(policy, progress, limits);
	/** When something that failed after Max Wait is tried again, with growing pauses. */
	const againMs = (triedAtMs: number) =>
		triedAtMs + Math.min(Math.max(triedAtMs - policy.deadlineMs, TRY_AGAIN_MS), LONGEST_TRY_AGAIN_MS);
	if (isOver(known, policy, nowMs)) {
		const { seenOverAtMs = nowMs } = known;
		// A poll for the timelog that fails is tried again, but only for a while, because Max Wait may last much longer.
		const logUntilMs = failedAtMs < seenOverAtMs ? lastMs : Math.min(lastMs, seenOverAtMs + limits.endMs);
		if (needsLog(known) && polledAtMs < seenOverAtMs && nowMs < logUntilMs) {
			const atMs = Math.min(againMs(failedAtMs), logUntilMs);
			return { step: 'poll', atMs, pauseMs: 0, untilMs: logUntilMs };
		}
		const untilMs = Math.min(seenOverAtMs + policy.fetchMs, limits.fetchUntilMs);
		// The execution doesn't wait much longer for a conversation whose search for artifacts gets no turn.
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
