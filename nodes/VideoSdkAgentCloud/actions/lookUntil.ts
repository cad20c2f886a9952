import { pause } from '../api/pause';
import { pauseMs } from '../conversation/wait';

/**
 * Looks for something repeatedly, with the pauses of waiting executions, while the execution keeps running.
 *
 * @param look gives what was looked for; undefined: not yet. It is told whether this is the last look
 * @param maxWaitMs for how long, in ms; 0: it looks once
 * @param stopSignal aborted when the execution is stopped: then there is no pause
 * @returns what `look` gives; undefined if it has given nothing in the last look either
 * @throws what `look` throws
 */
export async function lookUntil<T>(
	look: (isLast: boolean) => Promise<T | undefined>,
	maxWaitMs: number,
	stopSignal: AbortSignal,
): Promise<T | undefined> {
	const sinceMs = Date.now();
	const deadlineMs = sinceMs + maxWaitMs;
	for (;;) {
		const isLast = Date.now() >= deadlineMs;
		const found = await look(isLast);
		if (found !== undefined || isLast) return found;
		await pause(Math.min(pauseMs(Date.now() - sinceMs), deadlineMs - Date.now()), stopSignal);
	}
}
