/** How long an agent waits for a tool, unless its trigger says otherwise. */
export const DEFAULT_TIMEOUT_S = 20;
/** A caller hangs up long before. */
export const MAX_TIMEOUT_S = 300;

const PARAMETER = 'timeout';

/** @returns a tool's URL that says how long to wait: in queue mode the process that hands a tool over does not know its trigger */
export function withTimeout(url: string, timeoutS: number): string {
	return timeoutS === DEFAULT_TIMEOUT_S ? url : `${url}?${PARAMETER}=${timeoutS}`;
}

/**
 * Splits what `withTimeout` made.
 *
 * @param urlWithTimeout an absolute URL
 * @returns the URL as it is otherwise, and the time in seconds, within its limits
 */
export function splitTimeout(urlWithTimeout: string): { url: string; timeoutS: number } {
	const url = new URL(urlWithTimeout);
	const seconds = Number(url.searchParams.get(PARAMETER));
	if (!url.searchParams.has(PARAMETER)) return { url: urlWithTimeout, timeoutS: DEFAULT_TIMEOUT_S };
	url.searchParams.delete(PARAMETER);
	return { url: url.href, timeoutS: seconds >= 1 && seconds <= MAX_TIMEOUT_S ? seconds : DEFAULT_TIMEOUT_S };
}
