import { type ApiFailure, isPassing } from './failure';

/** The highest number of attempts, the first one included, if the API responds with "too many requests". */
const MAX_ATTEMPTS_RATE_LIMITED = 6;
/** The highest number of attempts, the first one included, after any other failure that may be retried. */
const MAX_ATTEMPTS = 3;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 8_000;

/**
 * Decides whether a failed request is sent again.
 *
 * A POST may start a session that costs money and calls a person. So it's sent again only if the API rejected it unread (429), there was no
 * connection, or sending it twice has the same effect.
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
	// The jitter keeps requests that failed together from being sent again together.
	if (failure.retryAfterMs !== undefined) return failure.retryAfterMs + backoffMs * random;
	return backoffMs * (0.5 + random / 2);
}
