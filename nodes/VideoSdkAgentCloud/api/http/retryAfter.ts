const MAX_RETRY_AFTER_MS = 60_000;

/** Reads a Retry-After header: seconds, cut to a minute, since no one expects a node to sit for longer. A date counts as none. */
export function retryAfterMs(header: unknown): number | undefined {
	const isSeconds = typeof header === 'string' && /^\s*\d+(?:\.\d+)?\s*$/.test(header);
	return isSeconds ? Math.min(Number(header) * 1000, MAX_RETRY_AFTER_MS) : undefined;
}
