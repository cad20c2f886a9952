/** A longer Retry-After is cut to this: no one expects a node to sit for minutes. */
const MAX_RETRY_AFTER_MS = 60_000;
/** How a date begins: "Thu, 15 Jan", "Thursday, 15-Jan" or "2026-01-15". `Date.parse` alone reads one into "-5" and "10, 20" too. */
const DATE_START = /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? |\d{4}-\d\d-\d\d)/i;

/**
 * Reads a Retry-After header (RFC 9110, section 10.2.3).
 *
 * @param header seconds, or an HTTP date
 * @param nowMs the present time, in ms since 1970
 * @returns the wait in ms, at most a minute; undefined if the header is absent or cannot be read
 */
export function parseRetryAfter(header: unknown, nowMs: number): number | undefined {
	if (typeof header !== 'string' || header.trim() === '') return undefined;
	const text = header.trim();
	const isSeconds = /^\d+(\.\d+)?$/.test(text);
	if (!isSeconds && !DATE_START.test(text)) return undefined;
	const waitMs = isSeconds ? Number(text) * 1000 : Date.parse(text) - nowMs;
	if (Number.isNaN(waitMs)) return undefined;
	return Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS);
}
