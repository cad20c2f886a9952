import { type ApiFailure, isPassing } from './failure';

/** Requests of one call at most, the first included, when the API says that there were too many. */
const MAX_ATTEMPTS_RATE_LIMITED = 6;
/** Requests of one call at most, the first included, after any other failure that may be retried. */
const MAX_ATTEMPTS = 3;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 8_000;

/**
 * Decides whether a failed request is sent again.
 *
 * Each POST to start may begin a session that costs money and calls a person. So a POST is retried only if the API rejected it unread
 * (429), the connection was never established, or the same request twice has the same effect.
 *
 * @param failure why the request failed
 * @param isRepeatable whether sending the request twice has the same effect as sending it once
 * @param attempt how many requests were sent so far
 * @param random a number from 0 to 1, for the jitter
 * @returns the time to wait in ms, or undefined if the failure is final
 */
export function retryDelay(
	failure: ApiFailure,
	isRepeatable: boolean,
	attempt: number,
	random: number,
): number | undefined {
	const isRateLimited = failure.status === 429;
	const isUnread = isRateLimited || failure.kind === 'notConnected';
	const isSafeToRepeat = isUnread || (isRepeatable && isPassing(failure));
	if (!isSafeToRepeat || attempt >= (isRateLimited ? MAX_ATTEMPTS_RATE_LIMITED : MAX_ATTEMPTS))
		return undefined;
	const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS);
	// What failed together isn't sent again together.
	if (failure.retryAfterMs !== undefined) return failure.retryAfterMs + backoffMs * random;
	return backoffMs * (0.5 + random / 2);
}
