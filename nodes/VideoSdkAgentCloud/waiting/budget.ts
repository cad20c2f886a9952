import type { StoredWait } from './storedWait';

/**
 * How the time after Max Wait is spent. Two facts of n8n decide it (WaitTracker): it arms a timer 70 s before its own deadline, and
 * does not cancel it when the execution continues, so that the timer would end the execution's next wait. So n8n's deadline comes
 * later by that much than anything of ours.
 *
 * From a conversation's Max Wait on: ends are sent until `endMs`; what was said is looked for until `keepUntilMs`; the execution is
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

/**
 * @param deadlineMs the last Max Wait, in ms since 1970
 * @param keepMs the longest wait for what was said, in ms
 * @param count of conversations
 */
export function budgetOf(deadlineMs: number, keepMs: number, count: number) {
	const workMs = WORK_MS + WORK_MS_PER_ITEM * count;
	const workedAtMs = deadlineMs + keepMs + workMs;
	return {
		endMs: workMs - AFTER_ENDS_MS,
		keepUntilMs: workedAtMs - LAST_REQUEST_MS,
		continueUntilMs: workedAtMs + CONTINUE_MS,
		n8nDeadlineMs: workedAtMs + CONTINUE_MS + N8N_TIMER_MS,
	};
}

/** @returns how the time of a wait is spent */
export function budgetOfWait({ awaited }: Pick<StoredWait, 'awaited'>): Budget {
	const deadlineMs = Math.max(...awaited.map((want) => want.deadlineMs));
	const keepMs = Math.max(...awaited.map(({ keep, keepMs: ms }) => (keep.length > 0 ? ms : 0)));
	const count = awaited.flatMap(({ ids }) => ids).length;
	return budgetOf(deadlineMs, keepMs, count);
}
