import { sleep } from 'n8n-workflow';

/** n8n's `sleep` cannot be cancelled, so a long pause is made of short ones: after a stop the current one soon ends. */
const LONGEST_SLEEP_MS = 500;

/**
 * Waits, unless the execution is stopped. Looks at the signal instead of listening to it: of hundreds of pauses with the same signal,
 * Node.js would report a memory leak. (n8n-workflow has no `sleepWithAbort` any more in 2.41.)
 *
 * @param ms the time to wait, in ms, however long
 * @param signal aborted when there is nothing left to wait for, such as when the execution is stopped
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	// By a clock that no one sets: a start that is aborted too early loses its ID.
	const untilMs = performance.now() + ms;
	for (let leftMs = ms; leftMs > 0 && !signal?.aborted; leftMs = untilMs - performance.now()) {
		await sleep(Math.min(leftMs, LONGEST_SLEEP_MS));
	}
}
