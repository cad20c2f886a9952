/**
 * n8n aborts each request with the execution whose context it uses (httpRequestWithAuthentication), also one that is sent after the
 * execution was stopped.
 *
 * @returns the context without that
 */
export function withoutStop<Context extends object>(context: Context): Context {
	return Object.create(context, { getExecutionCancelSignal: { value: () => undefined } }) as Context;
}
