const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Reads the seconds of a Retry-After header as ms, at most a minute, because no one expects a node to pause for longer. A date is ignored.
 */
export function retryAfterMs(header: unknown): number | undefined {
	const isSeconds = typeof header === 'string' && /^\s*\d+(?:\.\d+)?\s*$/.test(header);
	return isSeconds ? Math.min(Number(header) * 1000, MAX_RETRY_AFTER_MS) : undefined;
}
