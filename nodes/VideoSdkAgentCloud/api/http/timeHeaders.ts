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
const SECONDS = /^\d+(?:\.\d+)?$/;
/** The three forms of an HTTP date (RFC 9110, section 5.6.7), of which the last one leaves out that it's in GMT. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? [\w -]+ \d\d:\d\d:\d\d (?:GMT|(\d{4}))$/;

/**
 * Reads from a response how long the server asks the sender to wait: seconds, or a date, which counts by the server's own clock if the
 * response has its Date.
 *
 * @param headers the response's headers, with names in lower case
 * @returns the time in ms, at most a minute, because no one expects a node to pause for longer; undefined if there is none
 */
export function retryAfterMs(headers: Record<string, unknown>): number | undefined {
	const { 'retry-after': header } = headers;
	const text = typeof header === 'string' ? header.trim() : '';
	if (SECONDS.test(text)) return Math.min(Number(text) * 1000, MAX_RETRY_AFTER_MS);
	const [date, year] = HTTP_DATE.exec(text) ?? [];
	if (date === undefined) return undefined;
	const waitMs =
		Date.parse(year === undefined ? date : `${date} GMT`) - (serverTimeMs(headers) ?? Date.now());
	return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS);
}
