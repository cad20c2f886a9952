import { failureOf } from '../api/http/client';
import { isPassing, NOT_FOUND_STATUSES } from '../api/http/failure';
import { pause } from '../api/http/pause';
import { pollIntervalMs } from '../conversation/pollInterval';
import { mayComeLater } from './itemFiles';

/**
 * Looks for something repeatedly, with the pauses of waiting executions, while the execution keeps running.
 *
 * @param look gives what was looked for; undefined: not yet. It is told whether this is the last look
 * @param maxWaitMs for how long, in ms; 0: it looks once
 * @param stopSignal aborted when the execution is stopped: then there is no pause
 * @returns what `look` gives; undefined if it has given nothing in the last look either
 * @throws what `look` throws, in the last look or if it won't pass; that an ID is not found only if the next look finds nothing either
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
			const failure = failureOf(error);
			isMissed = NOT_FOUND_STATUSES.includes(failure?.status ?? 0);
			const mayPass = isMissed ? !wasMissed : isPassing(failure) || mayComeLater(error);
			if (isLast || !mayPass) throw error;
			return undefined;
		});
		if (found !== undefined || isLast) return found;
		await pause(Math.min(pollIntervalMs(Date.now() - sinceMs), deadlineMs - Date.now()), stopSignal);
	}
}
