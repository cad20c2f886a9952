import type { StoredWait } from './storedWait';

/**
 * How the time after Max Wait is spent. Two facts of n8n decide it (WaitTracker): it arms a timer 70 s before its own deadline, and
 * does not cancel it when the execution continues, so that the timer would end the execution's next wait. So n8n's deadline comes
 * later by that much than anything of ours.
 *
 * From a conversation's Max Wait on: ends are sent until `endMs`; what was said is looked for until `fetchUntilMs`; the execution is
 * asked to continue until `continueUntilMs`. Times in ms since 1970, except `endMs`.
 */
export type Budget = ReturnType<typeof budgetOf>;

/** n8n's 70 s, and 5 s for clocks and for storing the execution. */
const N8N_TIMER_MS = 75_000;
/**
 * For one conversation: ends and their retries, last requests, the request to continue. Long enough for an end to outlast a minute in
 * which VideoSDK answers 429 or 503: a session has no other limit.
 */
const WORK_MS = 120_000;
/** If the API hangs, ends take their turn, some at a time, each until its time limit. */
const WORK_MS_PER_ITEM = 1_000;
const AFTER_ENDS_MS = 20_000;
/** The longest request takes 10 s. */
const LAST_REQUEST_MS = 10_000;
const CONTINUE_MS = 5_000;
/** After a sleep n8n looks for what is due within a minute: long enough for one look or end. */
const LATE_WORK_MS = 25_000;

/** @param workedAtMs when all requests for conversations are through, in ms since 1970 */
const timesOf = (workedAtMs: number) => ({
	fetchUntilMs: workedAtMs - LAST_REQUEST_MS,
	continueUntilMs: workedAtMs + CONTINUE_MS,
	n8nDeadlineMs: workedAtMs + CONTINUE_MS + N8N_TIMER_MS,
});

/**
 * @param deadlineMs the last Max Wait, in ms since 1970
 * @param fetchMs the longest wait for what was said, in ms
 * @param count of conversations
 */
export function budgetOf(deadlineMs: number, fetchMs: number, count: number) {
	const workMs = WORK_MS + WORK_MS_PER_ITEM * count;
	return { endMs: workMs - AFTER_ENDS_MS, ...timesOf(deadlineMs + fetchMs + workMs) };
}

/**
 * Gives a wait a little time again that n8n's own deadline hasn't ended: the computer slept, or its clock was wrong. There is no timer
 * yet that could end the execution's next wait: of what is overdue, n8n continues each at once when it looks for it.
 */
export function extendIfSlept(budget: Budget, nowMs: number): void {
	if (nowMs > budget.n8nDeadlineMs) Object.assign(budget, timesOf(nowMs + LATE_WORK_MS));
}

/** @returns how the time of a wait is spent */
export function budgetOfWait({ awaited }: Pick<StoredWait, 'awaited'>): Budget {
	const deadlineMs = Math.max(...awaited.map((policy) => policy.deadlineMs));
	const fetchMs = Math.max(...awaited.map(({ include, fetchMs: ms }) => (include.length > 0 ? ms : 0)));
	const count = awaited.flatMap(({ ids }) => ids).length;
	return budgetOf(deadlineMs, fetchMs, count);
}
