import { waitFor } from '../n8n/processes';
import type { WorkflowJson, WorkflowNode } from '../n8n/rest';
import { publish } from './deliveries';
import type { Setup } from './setup';
import { chain, jsonNode, n8nNode, ourNode } from './setup';

export const TOOL = 'When agent asks';
const ANSWER = 'Answer tool call';
/** So long the agent waits where an answer is to come, or something else is to end the waiting: also while the machine stalls. */
export const TIMEOUT_S = 30;
/** And where nothing else ends it. */
export const SHORT_TIMEOUT_S = 3;

const SCHEMA = {
	type: 'object',
	properties: {
		order_number: { type: 'string', minLength: 3, description: 'The number on the invoice' },
		list: { type: 'array', items: { type: 'object' } },
	},
	required: ['order_number'],
};

/** The trigger of a tool. */
function toolTrigger(setup: Setup, webhookId: string, timeout: number): WorkflowNode {
	const parameters = {
		toolName: 'find_order',
		toolDescription: 'Finds an order of the caller.',
		specifyParameters: 'json',
		jsonSchema: JSON.stringify(SCHEMA),
		options: { timeout },
	};
	return ourNode(setup, TOOL, 'videoSdkAgentCloudMcpTrigger', parameters, { webhookId, typeVersion: 1.1 });
}

/** The node that answers. */
function answerNode(setup: Setup, parameters: object = {}): WorkflowNode {
	return ourNode(setup, ANSWER, 'videoSdkAgentCloud', {
		resource: 'tool',
		operation: 'answer',
		respondWith: 'json',
		answerJson: '={{ $json }}',
		isError: false,
		...parameters,
	});
}

/** Workflows behind a tool, by what becomes of the agent's question. */
function toolWorkflows(setup: Setup, timedOut: string[]): Record<string, WorkflowJson> {
	const workflow = (name: string, ...nodes: WorkflowNode[]) =>
		chain(name, [
			toolTrigger(setup, `tool-${name}`, timedOut.includes(name) ? SHORT_TIMEOUT_S : TIMEOUT_S),
			...nodes,
		]);
	return {
		answered: workflow('answered', answerNode(setup)),
		failure: workflow(
			'failure',
			answerNode(setup, { respondWith: 'text', answerText: 'There is no such order', isError: true }),
		),
		several: workflow(
			'several',
			n8nNode('Split', 'splitOut', { fieldToSplitOut: 'input.list', options: {} }),
			answerNode(setup),
		),
		unanswered: workflow('unanswered', n8nNode('Nothing', 'noOp')),
		failing: workflow('failing', n8nNode('Stop', 'stopAndError', { errorMessage: 'Out of order' })),
		late: workflow(
			'late',
			n8nNode('Pause', 'wait', { amount: 2 * SHORT_TIMEOUT_S, unit: 'seconds' }, 1.1),
			answerNode(setup),
		),
		stopped: workflow(
			'stopped',
			n8nNode('Pause', 'wait', { amount: 60, unit: 'seconds' }, 1.1),
			answerNode(setup),
		),
		// n8n takes an item with an error for a failed node, and runs that again.
		retried: workflow('retried', jsonNode('Found', '{ "error": "sold out" }'), {
			...answerNode(setup),
			retryOnFail: true,
			maxTries: 3,
			waitBetweenTries: 100,
		}),
		waiting: workflow(
			'waiting',
			n8nNode('Pause', 'wait', { amount: 90, unit: 'seconds' }, 1.1),
			answerNode(setup),
		),
	};
}

/**
 * Publishes them all.
 *
 * @param timedOut those for which the agent may wait in vain, and so waits for a short time
 * @returns their IDs
 */
export async function publishTools(setup: Setup, timedOut: string[]): Promise<Record<string, string>> {
	const ids: Record<string, string> = {};
	for (const [name, workflow] of Object.entries(toolWorkflows(setup, timedOut))) {
		ids[name] = await publish(setup.n8n, workflow);
		await setup.n8n.rest.waitForWebhook(`tool-${name}/mcp`);
	}
	return ids;
}

/** Stops the execution of a workflow, as a user does. */
export async function stopExecution({ n8n }: Setup, workflowId: string): Promise<void> {
	const { id } = await waitFor(
		'an execution to stop',
		async () => (await n8n.rest.listExecutions({ workflowId })).find(({ status }) => status === 'running'),
		60_000,
		50,
	);
	await n8n.rest.call('POST', `/executions/${id}/stop`);
}

/** Lets a workflow listen for a test call of its tool. */
export async function listen({ n8n }: Setup, workflowId: string): Promise<void> {
	const workflowData = await n8n.rest.getWorkflow(workflowId);
	const body = { workflowData, triggerToStartFrom: { name: TOOL } };
	await n8n.rest.call('POST', `/workflows/${workflowId}/run`, body);
}

/** What the agent reads in place of an answer that the workflow behind the tool did not give. */
export const NO_ANSWER: Record<string, RegExp> = {
	unanswered: /failed, or ended without/,
	failing: /failed, or ended without/,
	late: /didn't answer in time/,
	waiting: /didn't answer in time/,
};
