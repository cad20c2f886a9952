/**
 * Reads from an answer what time it is by the clock of its sender. A cache adds the answer's age and keeps the sender's Date (RFC 9111,
 * section 5.1).
 *
 * @param headers of the answer, their names in lower case
 * @returns in ms since 1970; undefined if the answer has no usable Date
 */
export function serverTimeMs({ date, age }: Record<string, unknown>): number | undefined {
	const sentAtMs = typeof date === 'string' ? Date.parse(date) : NaN;
	if (Number.isNaN(sentAtMs)) return undefined;
	const ageSeconds = Number(age);
	return ageSeconds > 0 ? sentAtMs + ageSeconds * 1000 : sentAtMs;
}

/** Clocks that differ by less are the same: the API tells its time in whole seconds. */
const SAME_CLOCK_MS = 2_000;

/**
 * Compares the clocks. The sender set its Date at some time between the request and the end of its answer, which may drip for seconds.
 *
 * @param sentAtMs when the request was sent, in ms since 1970
 * @param receivedAtMs when all of its answer was there
 * @param headers of the answer, their names in lower case
 * @returns what our clock is ahead of the sender's at least, in ms; 0 if they may be the same
 */
export function clockSkewMs(
	sentAtMs: number,
	receivedAtMs: number,
	headers: Record<string, unknown>,
): number {
	const timeMs = serverTimeMs(headers) ?? NaN;
	if (sentAtMs - timeMs >= SAME_CLOCK_MS) return sentAtMs - timeMs;
	return receivedAtMs - timeMs <= -SAME_CLOCK_MS ? receivedAtMs - timeMs : 0;
}
