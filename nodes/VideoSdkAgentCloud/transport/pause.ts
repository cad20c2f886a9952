import { sleep } from 'n8n-workflow';

/**
 * Waits, but not beyond the end of the execution. (n8n-workflow had a `sleepWithAbort` in 1.x and has none in 2.41.)
 *
 * @param ms the time to wait, in ms
 * @param signal n8n's sign that the execution was stopped
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	if (signal === undefined) return await sleep(ms);
	if (signal.aborted) return;
	let onAbort = () => {};
	const aborted = new Promise<void>((resolve) => {
		onAbort = resolve;
		signal.addEventListener('abort', onAbort, { once: true });
	});
	await Promise.race([sleep(ms), aborted]);
	signal.removeEventListener('abort', onAbort);
}
