import type { N8n, N8nOptions } from '../n8n/instance';
import type { EventFamily, EventStatus } from '../simulator';

/** The two spellings of the events. */
export const FAMILIES: EventFamily[] = ['ai-deployment-session', 'agent-session'];

/** The n8n versions on which the tests run. */
export const VERSIONS = ['2.41.1', '1.123.81'] as const;

/** How n8n is started. Jest's own NODE_ENV would make it end without a word. */
export function n8nOptions(version: (typeof VERSIONS)[number], env: Record<string, string> = {}): N8nOptions {
	return { version, env: { NODE_ENV: 'production', ...env } };
}

/** An event as VideoSDK sends it: with a prefix before the id that its REST API knows. */
export function eventBody(
	sessionId: string,
	status: EventStatus,
	family: EventFamily = 'ai-deployment-session',
	extra: object = {},
): object {
	return { webhookType: `${family}-${status}`, data: { sessionId: `session-${sessionId}`, ...extra } };
}

/** Waits a while in which something must not happen. */
export async function during(ms: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the number of a workflow's runs that came to their end is as wanted; fails if it gets higher in a moment more. */
export async function expectRuns(n8n: N8n, workflowId: string, count: number): Promise<void> {
	const deadlineMs = Date.now() + 30_000;
	const finished = async () =>
		(await n8n.rest.listExecutions({ workflowId })).filter(({ status }) => status === 'success').length;
	while ((await finished()) < count && Date.now() < deadlineMs) await during(100);
	await during(700);
	expect(await n8n.rest.listExecutions({ workflowId })).toHaveLength(count);
	expect(await finished()).toBe(count);
}
