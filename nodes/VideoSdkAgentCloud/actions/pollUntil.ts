import { failureOf } from '../api/http/client';
import { isPassing, NOT_FOUND_STATUSES } from '../api/http/failure';
import { pollIntervalMs } from '../conversation/pollInterval';
import { mayComeLater } from './itemFiles';

/**
 * Polls with the pauses of waiting executions, but while the execution keeps running.
 *
 * @param poll returns the result; undefined: there is none yet. Its argument says whether it's the last poll
 * @param maxWaitMs for how long to poll, in ms; 0: there is one poll
 * @param pause see ItemTools
 * @returns the result; undefined if the last poll didn't have one either
 * @throws what `poll` throws in the last poll, or what won't pass; "not found" only if two polls in a row throw it
 */
export async function pollUntil<T>(
	poll: (isLast: boolean) => Promise<T | undefined>,
	maxWaitMs: number,
	pause: (ms: number) => Promise<void>,
): Promise<T | undefined> {
	const sinceMs = Date.now();
	const deadlineMs = sinceMs + maxWaitMs;
	let isMissed = false;
	for (;;) {
		const isLast = Date.now() >= deadlineMs;
		const wasMissed = isMissed;
		isMissed = false;
		const found = await poll(isLast).catch((error: object) => {
			const failure = failureOf(error);
			isMissed = NOT_FOUND_STATUSES.includes(failure?.status ?? 0);
			const mayPass = isMissed ? !wasMissed : isPassing(failure) || mayComeLater(error);
			if (isLast || !mayPass) throw error;
			return undefined;
		});
		if (found !== undefined || isLast) return found;
		await pause(Math.min(pollIntervalMs(Date.now() - sinceMs), deadlineMs - Date.now()));
	}
}
