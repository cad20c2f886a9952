import { failureOf } from '../api/client';
import { pause } from '../api/pause';
import { pauseMs } from '../conversation/wait';

/** By which the API says that it has nothing of an ID. It may say so of what was created just now. */
const NOT_FOUND = [402, 404];

/**
 * Looks for something repeatedly, with the pauses of waiting executions, while the execution keeps running.
 *
 * @param look gives what was looked for; undefined: not yet. It is told whether this is the last look
 * @param maxWaitMs for how long, in ms; 0: it looks once
 * @param stopSignal aborted when the execution is stopped: then there is no pause
 * @returns what `look` gives; undefined if it has given nothing in the last look either
 * @throws what `look` throws; that an ID is not found only if the next look finds nothing either
 */
export async function lookUntil<T>(
	look: (isLast: boolean) => Promise<T | undefined>,
	maxWaitMs: number,
	stopSignal: AbortSignal,
): Promise<T | undefined> {
	const sinceMs = Date.now();
	const deadlineMs = sinceMs + maxWaitMs;
	let isMissed = false;
	for (;;) {
		const isLast = Date.now() >= deadlineMs;
		const wasMissed = isMissed;
		isMissed = false;
		const found = await look(isLast).catch((error: object) => {
			if (wasMissed || isLast || !NOT_FOUND.includes(failureOf(error)?.status ?? 0)) throw error;
			isMissed = true;
			return undefined;
		});
		if (found !== undefined || isLast) return found;
		await pause(Math.min(pauseMs(Date.now() - sinceMs), deadlineMs - Date.now()), stopSignal);
	}
}

/**
 * Keeps what an earlier look has found, whatever VideoSDK answers now.
 *
 * @param seen what an earlier look found, if one did
 * @throws what `look` throws if nothing was seen, or the execution was stopped
 */
export async function orSeen<T>(look: Promise<T>, seen: T | undefined): Promise<T> {
	return await look.catch((error: object) => {
		if (seen === undefined || (failureOf(error)?.kind ?? 'cancelled') === 'cancelled') throw error;
		return seen;
	});
}
