import type { N8n, N8nOptions } from '../n8n/instance';
import { waitFor } from '../n8n/processes';
import type { Execution } from '../n8n/rest';
import { isStored } from '../n8n/rest';
import type { EventFamily, EventStatus } from '../simulator';

/** The two spellings of the events. */
export const FAMILIES: EventFamily[] = ['ai-deployment-session', 'agent-session'];

type Version = '2.41.1' | '1.123.81';

/** For what n8n 1.x does in a way of its own. */
export const VERSIONS: readonly Version[] = ['2.41.1', '1.123.81'];

/** For the rest: n8n 1.x is added nightly, and with `ALL_VERSIONS=1`. */
export const LATEST_VERSION: readonly Version[] = process.env.ALL_VERSIONS ? VERSIONS : ['2.41.1'];

/** How n8n is started. */
export function n8nOptions(version: string, env: Record<string, string> = {}): N8nOptions {
	return { version, env };
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

/**
 * Whether a run waits and is stored as a whole. n8n 1.x stores that it waits a moment before where it does, and answers 500 to what
 * comes in between.
 */
export function isWaiting(execution: Execution | undefined): boolean {
	return (
		execution?.status === 'waiting' && Boolean((execution.data as Execution['data'] | undefined)?.waitTill)
	);
}

/** Waits for the end of a run. */
export async function runEnded(
	n8n: N8n,
	executionId: string,
	lastNode?: string,
	timeoutMs = 120_000,
): Promise<Execution> {
	return await waitFor(
		`the end of run ${executionId}`,
		async () => {
			// While n8n restarts there is nobody to ask.
			const execution = await n8n.rest.getExecution(executionId).catch(() => undefined);
			return execution && isStored(execution, lastNode) ? execution : undefined;
		},
		timeoutMs,
		100,
	);
}

/** Runs a workflow as from the editor, to its end. */
export async function runToEnd(n8n: N8n, workflowId: string, timeoutMs?: number): Promise<Execution> {
	return await runEnded(n8n, await n8n.rest.startWorkflow(workflowId), undefined, timeoutMs);
}
