import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * Makes a context whose requests outlive the execution. n8n aborts each request when the execution whose context sends it is stopped
 * (httpRequestWithAuthentication), and takes no other signal.
 *
 * @param signal aborts the requests instead; undefined: nothing does
 *
 * until: httpRequestWithAuthentication goes by `abortSignal` of its options.
 */
export function detached<Context extends object>(context: Context, signal?: AbortSignal): Context {
	if (!(('getExecutionCancelSignal' satisfies keyof IExecuteFunctions) in context)) return context;
	return Object.create(context, { getExecutionCancelSignal: { value: () => signal } }) as Context;
}
