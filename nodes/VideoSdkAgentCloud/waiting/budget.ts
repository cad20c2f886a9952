import type { StoredWait } from './storedWait';

/**
 * How the time after Max Wait is spent. n8n sets a timer 70 s before its own deadline, and doesn't cancel it when the execution continues,
 * so that the timer would end the execution's next wait (WaitTracker). So n8n's deadline comes that much later than the last request of
 * this package.
 *
 * After a conversation's Max Wait, ends are sent until `endMs`, artifacts are searched for until `fetchUntilMs`, and n8n is asked to
 * continue the execution until `continueUntilMs`. Times are in ms since 1970, except for `endMs`, which is in ms after Max Wait.
 *
 * until: n8n cancels the timer of a wait that a request has ended, after which N8N_TIMER_MS needs no 70 s.
 */
export type Budget = ReturnType<typeof budgetOf>;

/** The 70 s of n8n's timer, and 5 s for differences of clocks and for storing the execution. */
const N8N_TIMER_MS = 75_000;
/**
 * The time for one conversation: for its end and the retries, its last requests, and the request to continue. It's long enough for an end
 * to outlast a minute in which VideoSDK answers 429 or 503, because nothing else limits a session.
 */
const WORK_MS = 120_000;
/** The time for each further conversation, because if the API hangs, ends wait for their turn, some at a time. */
const WORK_MS_PER_ITEM = 1_000;
const AFTER_ENDS_MS = 20_000;
/** The time for the last request, which takes 10 s at most. */
const LAST_REQUEST_MS = 10_000;
const CONTINUE_MS = 5_000;
/** The time for one end or poll after the computer has slept. n8n checks within a minute what is due. */
const LATE_WORK_MS = 25_000;

/** @returns the times until which things are done. @param workedAtMs when all requests for conversations have ended, in ms since 1970 */
const timesOf = (workedAtMs: number) => ({
	fetchUntilMs: workedAtMs - LAST_REQUEST_MS,
	continueUntilMs: workedAtMs + CONTINUE_MS,
	n8nDeadlineMs: workedAtMs + CONTINUE_MS + N8N_TIMER_MS,
});

/**
 * Makes the budget of a wait.
 *
 * @param deadlineMs the last end of Max Wait, in ms since 1970
 * @param fetchMs the longest wait for artifacts, in ms
 * @param count the number of conversations
 */
export function budgetOf(deadlineMs: number, fetchMs: number, count: number) {
	const workMs = WORK_MS + WORK_MS_PER_ITEM * count;
	return { endMs: workMs - AFTER_ENDS_MS, ...timesOf(deadlineMs + fetchMs + workMs) };
}

/**
 * Gives a wait a little more time if its deadline has passed and n8n hasn't ended it, because the computer slept, or its clock was wrong.
 * No timer can end the execution's next wait then, because n8n continues overdue executions at once when it checks them
 * (WaitTracker.getWaitingExecutions).
 */
export function extendIfSlept(budget: Budget, nowMs: number): void {
	if (nowMs > budget.n8nDeadlineMs) Object.assign(budget, timesOf(nowMs + LATE_WORK_MS));
}

/** @returns the budget of a stored wait */
export function budgetOfWait({ awaited }: Pick<StoredWait, 'awaited'>): Budget {
	const deadlineMs = Math.max(...awaited.map((policy) => policy.deadlineMs));
	const fetchMs = Math.max(...awaited.map(({ include, fetchMs: ms }) => (include.length > 0 ? ms : 0)));
	const count = awaited.flatMap(({ ids }) => ids).length;
	return budgetOf(deadlineMs, fetchMs, count);
}
