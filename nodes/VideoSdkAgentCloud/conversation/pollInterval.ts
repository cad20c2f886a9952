const SHORTEST_MS = 2_000;
/** Without an event an end is known 30 s late at most in the first hour; the request takes time, too. */
const LONGEST_MS = 25_000;
const HOUR_MS = 3_600_000;
const LATEST_MS = 29 * 60_000;

/** @returns how long to pause after a look, for whatever is waited for. @param waitedMs the time since the wait began, in ms */
export function pollIntervalMs(waitedMs: number): number {
	if (waitedMs < HOUR_MS) return Math.min(Math.max(waitedMs / 4, SHORTEST_MS), LONGEST_MS);
	return Math.min(waitedMs / 10, LATEST_MS);
}
