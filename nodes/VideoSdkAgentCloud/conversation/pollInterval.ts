const SHORTEST_MS = 2_000;
/** Within the first hour, an end without an event has to be noticed within 30 s, and the request takes time as well. */
const LONGEST_MS = 25_000;
const HOUR_MS = 3_600_000;
const LATEST_MS = 29 * 60_000;

/** @returns how long to pause after a poll, in ms. @param waitedMs the time since the wait began, in ms */
export function pollIntervalMs(waitedMs: number): number {
	if (waitedMs < HOUR_MS) return Math.min(Math.max(waitedMs / 4, SHORTEST_MS), LONGEST_MS);
	return Math.min(waitedMs / 10, LATEST_MS);
}
