import { sleep } from 'n8n-workflow';

/**
 * A long pause consists of short ones, because n8n-workflow's `sleep` can't be cancelled before 2.41, and its `sleepWithAbort` is gone
 * there, but a pause has to end soon after a stop. until: n8n 2.14 isn't supported any more.
 */
const LONGEST_SLEEP_MS = 500;

/**
 * Waits, until the signal is aborted. It checks the signal in intervals and adds no listener, because Node.js would report a memory leak
 * for hundreds of pauses with the same signal (MaxListenersExceededWarning).
 *
 * @param ms the time to wait, in ms, of any length
 * @param signal aborted when there is nothing left to wait for, for example because the execution was stopped
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	// The time is measured by a clock that no one can set, because a start that is aborted too early loses its ID.
	const untilMs = performance.now() + ms;
	for (let leftMs = ms; leftMs > 0 && !signal?.aborted; leftMs = untilMs - performance.now()) {
		await sleep(Math.min(leftMs, LONGEST_SLEEP_MS));
	}
}
