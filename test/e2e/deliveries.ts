import { randomUUID } from 'node:crypto';
import type { N8n } from '../n8n/instance';
import { waitFor } from '../n8n/processes';
import type { Execution, WorkflowJson, WorkflowNode } from '../n8n/rest';
import type { EventStatus } from '../simulator';
import { chain, MANUAL, n8nNode, ourCredential, ourNode, PACKAGE, webhookNode } from './nodes';
import type { Setup } from './setup';

/** In which n8n runs executions. */
export const MODES = ['regular', 'queue'] as const;

/** An event as VideoSDK sends it: with a prefix before the id that its REST API knows. */
export const eventBody = (sessionId: string, status: EventStatus, extra: object = {}): object => ({
	webhookType: `ai-deployment-session-${status}`,
	data: { sessionId: `session-${sessionId}`, ...extra },
});

export { setTimeout as during } from 'node:timers/promises';

/** Whether a run waits and is stored as a whole. */
export const isWaiting = (execution: Execution | undefined): boolean =>
	execution?.status === 'waiting' && Boolean((execution.data as Execution['data'] | undefined)?.waitTill);

export async function untilWaiting({ rest }: Pick<N8n, 'rest'>, executionId: string): Promise<Execution> {
	return await waitFor(`run ${executionId} to wait`, async () => {
		// While n8n restarts there is no one to ask.
		const execution = await rest.getExecution(executionId).catch(() => undefined);
		return isWaiting(execution) && execution;
	});
}

/** Starts a workflow that has just been made. @returns the execution's ID */
export const startNew = async ({ rest }: Pick<N8n, 'rest'>, workflow: WorkflowJson): Promise<string> =>
	await rest.startWorkflow((await rest.createWorkflow(workflow)).id);

export const runByHand = async (n8n: Pick<N8n, 'rest'>, ...nodes: WorkflowNode[]): Promise<Execution> =>
	await n8n.rest.untilEnded(await startNew(n8n, chain('By hand', [MANUAL, ...nodes])));

export async function publish({ rest }: Pick<N8n, 'rest'>, workflow: WorkflowJson): Promise<string> {
	const { id } = await rest.createWorkflow(workflow);
	await rest.activate(id);
	return id;
}

/** Waits until n8n knows the path of a `webhookNode`, without a run. */
export const untilPublished = async (n8nUrl: string, path: string) =>
	await waitFor(`the webhook ${path}`, async () => {
		const answer = await (await fetch(`${n8nUrl}/webhook/${path}`)).text();
		return answer.includes('not registered for GET');
	});

/** Publishes nodes behind a `webhookNode`. */
export async function publishWebhook(
	{ n8n, webhooksUrl }: Pick<Setup, 'n8n' | 'webhooksUrl'>,
	path: string,
	nodes: WorkflowNode[],
	settings: Record<string, unknown> = {},
): Promise<void> {
	await publish(n8n, { ...chain(path, [webhookNode(path), ...nodes]), settings });
	await untilPublished(webhooksUrl, path);
}

/** Publishes our trigger, with one node after it called "After". */
export async function publishTrigger(
	setup: Pick<Setup, 'credentialId'> & { n8n: Pick<N8n, 'rest' | 'url'> },
	{ parameters = {}, between = [] as WorkflowNode[] } = {},
) {
	const webhookId = randomUUID();
	const trigger = ourNode(setup, 'Trigger', 'videoSdkAgentCloudTrigger', parameters, { webhookId });
	const workflow = chain('Trigger', [trigger, ...between, n8nNode('After', 'noOp')]);
	const workflowId = await publish(setup.n8n, workflow);
	const url = `${setup.n8n.url}/webhook/${webhookId}/webhook`;
	await setup.n8n.rest.waitForWebhook(url, 120_000);
	return { workflowId, url };
}

/** What "From List" of a locator shows. */
export async function searchList(
	setup: Setup,
	methodName: string,
	{ path = 'parameters.deploymentId', parameters = {} } = {},
): Promise<Array<{ name: string; value: string }>> {
	const { results } = await setup.n8n.rest.call<{ results: Array<{ name: string; value: string }> }>(
		'POST',
		'/dynamic-node-parameters/resource-locator-results',
		{
			path,
			methodName,
			nodeTypeAndVersion: { name: `${PACKAGE}.videoSdkAgentCloud`, version: 1 },
			currentNodeParameters: parameters,
			credentials: ourCredential(setup.credentialId),
		},
	);
	return results;
}
