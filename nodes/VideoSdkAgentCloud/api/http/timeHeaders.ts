/**
 * Reads the time by the server's clock from a response. A cache keeps the server's Date and adds the response's Age (RFC 9111, section
 * 5.1).
 *
 * @param headers the response's headers, with names in lower case
 * @returns the time in ms since 1970; undefined if the response has no usable Date
 */
export function serverTimeMs({ date, age }: Record<string, unknown>): number | undefined {
	const sentAtMs = typeof date === 'string' ? Date.parse(date) : NaN;
	if (Number.isNaN(sentAtMs)) return undefined;
	const ageSeconds = Number(age);
	return ageSeconds > 0 ? sentAtMs + ageSeconds * 1000 : sentAtMs;
}

/** Clocks that differ by less than this count as the same, because the API gives its time in whole seconds. */
const SAME_CLOCK_MS = 2_000;

/**
 * Compares n8n's clock with the server's. The server set its Date at some time between the request and the end of the response, which may
 * take seconds to arrive.
 *
 * @param sentAtMs when the request was sent, in ms since 1970
 * @param receivedAtMs when the whole response was received, in ms since 1970
 * @param headers the response's headers, with names in lower case
 * @returns by how much n8n's clock is at least ahead of the server's, in ms; 0 if they may be the same
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

const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Reads the seconds of a Retry-After header as ms, at most a minute, because no one expects a node to pause for longer. A date is ignored.
 */
export function retryAfterMs(header: unknown): number | undefined {
	const isSeconds = typeof header === 'string' && /^\s*\d+(?:\.\d+)?\s*$/.test(header);
	return isSeconds ? Math.min(Number(header) * 1000, MAX_RETRY_AFTER_MS) : undefined;
}
