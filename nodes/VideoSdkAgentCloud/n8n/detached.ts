import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * Makes a context whose requests outlive the execution. n8n aborts each request with the signal of the execution whose context it is
 * sent with (httpRequestWithAuthentication), and takes no other signal.
 *
 * @param signal ends the request instead; undefined: nothing does
 */
export function detached<Context extends object>(context: Context, signal?: AbortSignal): Context {
	if (!(('getExecutionCancelSignal' satisfies keyof IExecuteFunctions) in context)) return context;
	return Object.create(context, { getExecutionCancelSignal: { value: () => signal } }) as Context;
}
