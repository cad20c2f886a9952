/** How long an agent waits for a tool, unless the tool's trigger says otherwise. */
export const DEFAULT_TIMEOUT_S = 20;
/** The longest timeout that a trigger can have. A caller hangs up long before. */
export const MAX_TIMEOUT_S = 300;

const PARAMETER = 'timeout';

/** @returns a tool's URL with the timeout in it, because in queue mode, the process that hands over the tool doesn't know its trigger */
export function withTimeout(url: string, timeoutS: number): string {
	return timeoutS === DEFAULT_TIMEOUT_S ? url : `${url}?${PARAMETER}=${timeoutS}`;
}

/**
 * Splits a URL that `withTimeout` has made.
 *
 * @param urlWithTimeout an absolute URL
 * @returns the URL without the timeout, and the timeout in seconds, which is the default if it isn't within its limits
 */
export function splitTimeout(urlWithTimeout: string): { url: string; timeoutS: number } {
	const url = new URL(urlWithTimeout);
	const seconds = Number(url.searchParams.get(PARAMETER));
	if (!url.searchParams.has(PARAMETER)) return { url: urlWithTimeout, timeoutS: DEFAULT_TIMEOUT_S };
	url.searchParams.delete(PARAMETER);
	return { url: url.href, timeoutS: seconds >= 1 && seconds <= MAX_TIMEOUT_S ? seconds : DEFAULT_TIMEOUT_S };
}
