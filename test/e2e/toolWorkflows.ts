import { outputOf, type WorkflowJson, type WorkflowNode } from '../n8n/rest';
import type { HandedTool } from '../simulator/toolAgent';
import { publish, runByHand } from './deliveries';
import { actionNode, chain, inMode, jsonNode, n8nNode, ourNode, pause } from './nodes';
import type { Setup } from './setup';

export const TOOL = 'When agent asks';
/** So long the agent waits where an answer is to come, or something else is to end the waiting: also while the machine stalls. */
export const TIMEOUT_S = 30;
/** And where nothing else ends it. */
export const SHORT_TIMEOUT_S = 3;

const PARAMETERS = [
	{ name: 'order_number', type: 'string', description: 'The number on the invoice', required: true },
];

/** Workflows behind a tool, by what becomes of the agent's question. */
export function toolWorkflows(setup: Setup, timedOut: string[]): Record<string, WorkflowJson> {
	const workflow = (name: string, ...nodes: WorkflowNode[]) => {
		const parameters = {
			toolName: 'find_order',
			toolDescription: 'Finds an order of the caller.',
			toolParameters: { parameters: PARAMETERS },
			options: { timeout: timedOut.includes(name) ? SHORT_TIMEOUT_S : TIMEOUT_S },
		};
		const extra = { webhookId: `tool-${name}` };
		return chain(name, [ourNode(setup, TOOL, 'videoSdkAgentCloudMcpTrigger', parameters, extra), ...nodes]);
	};
	const answer = (parameters: object = {}) =>
		actionNode(setup, 'Answer tool call', {
			resource: 'tool',
			operation: 'answer',
			isError: false,
			respondWith: 'json',
			answerJson: '={{ $json }}',
			...parameters,
		});
	const failure = { respondWith: 'text', answerText: 'There is no such order', isError: true };
	return {
		answered: workflow('answered', answer()),
		failure: workflow('failure', answer(failure)),
		unanswered: workflow('unanswered', n8nNode('Nothing', 'noOp')),
		failing: workflow('failing', n8nNode('Stop', 'stopAndError', { errorMessage: 'Out of order' })),
		late: workflow('late', pause(2 * SHORT_TIMEOUT_S), answer()),
		// Longer than n8n keeps an execution in memory that waits.
		waiting: workflow('waiting', pause(90), answer()),
		stopped: workflow('stopped', pause(60), answer()),
		// n8n takes an item with an error for a failed node, and runs that again.
		retried: workflow('retried', jsonNode('Found', '{ "error": "sold out" }'), {
			...answer(),
			retryOnFail: true,
			maxTries: 3,
			waitBetweenTries: 100,
		}),
	};
}

/** Publishes them all. @param timedOut those for which the agent may wait in vain, and so for a short time @returns their IDs */
export async function publishTools(setup: Setup, timedOut: string[]): Promise<Record<string, string>> {
	const ids: Record<string, string> = {};
	for (const [name, workflow] of Object.entries(toolWorkflows(setup, timedOut))) {
		ids[name] = await publish(setup.n8n, workflow);
		await setup.n8n.rest.waitForWebhook(`${setup.webhooksUrl}/webhook/tool-${name}/mcp`);
	}
	return ids;
}

/** Creates the access to tools, as a workflow does that hands them over to an agent by itself. */
export async function handOver(setup: Setup, urls: string[], context: object = {}): Promise<HandedTool[]> {
	const access = actionNode(setup, 'Access', {
		resource: 'tool',
		operation: 'createAccess',
		validFor: 1,
		validForUnit: 'hours',
		context,
		agentTools: { tools: urls.map((url) => ({ tool: inMode('url', url) })) },
	});
	return outputOf(await runByHand(setup.n8n, access), 'Access')[0]?.tools as HandedTool[];
}
