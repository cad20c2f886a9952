import type { ApiFailure } from './failure';

/** Requests of one call at most, the first included, when the API says that there were too many. */
const MAX_ATTEMPTS_RATE_LIMITED = 6;
/** Requests of one call at most, the first included, after any other failure that may be retried. */
const MAX_ATTEMPTS = 3;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 8_000;
/** A longer Retry-After is cut to this: nobody expects a step to sit for minutes. */
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

/**
 * Decides whether a failed request is sent again.
 *
 * There is no idempotency key, and each POST to start may begin a session that costs money and calls a person. So a POST is
 * repeated only if the API turned it away unread (429) or the connection never came about.
 *
 * @param failure why the request failed
 * @param method the request's HTTP method
 * @param attempt how many requests were sent so far
 * @param random a number from 0 to 1, for the jitter
 * @returns the time to wait in ms, or undefined if the failure is final
 */
export function retryDelay(
	failure: ApiFailure,
	method: string,
	attempt: number,
	random: number,
): number | undefined {
	const isRateLimited = failure.status === 429;
	const isSafeToRepeat =
		isRateLimited ||
		failure.kind === 'notConnected' ||
		(method === 'GET' &&
			(failure.kind === 'network' || failure.kind === 'timeout' || (failure.status ?? 0) >= 500));
	if (!isSafeToRepeat || attempt >= (isRateLimited ? MAX_ATTEMPTS_RATE_LIMITED : MAX_ATTEMPTS))
		return undefined;
	const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS);
	return failure.retryAfterMs ?? backoffMs * (0.5 + random / 2);
}
