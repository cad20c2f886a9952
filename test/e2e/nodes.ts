/** The nodes and workflows of the tests. */
import type { WorkflowJson, WorkflowNode } from '../n8n/rest';
import type { Setup } from './setup';

export const PACKAGE = 'n8n-nodes-videosdk-agent-cloud';
/** n8n's package of nodes for AI. */
export const LANGCHAIN = '@n8n/n8n-nodes-langchain';
export const CREDENTIAL_TYPE = 'videoSdkAgentCloudApi';

/** What a node names our credential by. */
export const ourCredential = (id: string) => ({ [CREDENTIAL_TYPE]: { id, name: 'VideoSDK' } });

/** What is picked in a list, or entered. */
export const inMode = (mode: string, value: string) => ({ __rl: true, mode, value });
/** Most starts of a session begin with it. */
export const SESSION = { resource: 'session', deploymentId: inMode('id', 'ddv_support') };
/** And most calls. */
export const BY_RULE = {
	resource: 'call',
	routingRuleId: inMode('id', 'rule_out_01'),
	from: inMode('number', '+15550102001'),
};

/** @param type of n8n's usual package, or with the name of another one */
export function n8nNode(name: string, type: string, parameters: object = {}, typeVersion = 1): WorkflowNode {
	const fullType = type.includes('.') ? type : `n8n-nodes-base.${type}`;
	return {
		id: `id-${name}`,
		name,
		type: fullType,
		typeVersion,
		position: [0, 0],
		parameters,
	} as WorkflowNode;
}

export const ourNode = (
	{ credentialId }: Pick<Setup, 'credentialId'>,
	name: string,
	type: 'videoSdkAgentCloud' | 'videoSdkAgentCloudMcpTrigger' | 'videoSdkAgentCloudTrigger',
	parameters: object,
	extra: object = {},
): WorkflowNode => ({
	...n8nNode(name, `${PACKAGE}.${type}`, parameters, type === 'videoSdkAgentCloud' ? 1 : 1.1),
	credentials: ourCredential(credentialId),
	...extra,
});
export const actionNode = (
	setup: Pick<Setup, 'credentialId'>,
	name: string,
	parameters: object,
	extra?: object,
): WorkflowNode => ourNode(setup, name, 'videoSdkAgentCloud', parameters, extra);

/** What a user starts by hand. */
export const MANUAL = n8nNode('Manual', 'manualTrigger');

/** n8n's Webhook node, by which runs are started as in production. */
export const webhookNode = (path: string): WorkflowNode => ({
	...n8nNode('Webhook', 'webhook', { httpMethod: 'POST', path, options: {} }, 2),
	webhookId: `webhook-${path}`,
});

/** What `countingNode` calls. The simulator knows no such path. */
export const COUNTED_PATH = '/continued/';

/** A last node, by which it is known how often an execution continued. @param what an expression that tells it from others */
export const countingNode = ({ simulator }: Setup, name: string, what = '{{ $execution.id }}') => {
	const url = `=${simulator.url}${COUNTED_PATH}${what}`;
	return { ...n8nNode(name, 'httpRequest', { url, options: {} }, 4.2), onError: 'continueRegularOutput' };
};

/** How often the execution reached its `countingNode`, once for each item. */
export const timesContinued = ({ simulator }: Setup, executionId: string): number =>
	simulator.requests.filter(({ path }) => path === `${COUNTED_PATH}${executionId}`).length;

/** n8n's own wait for a time. */
export const pause = (amount: number, name = 'Pause') =>
	n8nNode(name, 'wait', { amount, unit: 'seconds' }, 1.1);

/** A node whose output is one JSON object. */
export const jsonNode = (name: string, jsonOutput: string): WorkflowNode =>
	n8nNode(name, 'set', { mode: 'raw', jsonOutput, options: {} }, 3.4);

/** Nodes whose output is one item for each entry: its fields, or itself as "item". */
export const itemNodes = (entries: unknown[]): WorkflowNode[] => [
	jsonNode('List', JSON.stringify({ item: entries })),
	n8nNode('Items', 'splitOut', { fieldToSplitOut: 'item', options: {} }),
];

export const to = (...nodes: string[]) => nodes.map((node) => ({ node, type: 'main', index: 0 }));

/** A workflow whose nodes follow one another in the order given. */
export function chain(name: string, nodes: WorkflowNode[]): WorkflowJson {
	const connections: WorkflowJson['connections'] = {};
	for (const [index, node] of nodes.entries()) {
		const next = nodes[index + 1];
		if (next) connections[node.name] = { main: [to(next.name)] };
	}
	return { name, nodes: nodes.map((node, index) => ({ ...node, position: [220 * index, 0] })), connections };
}

/** A workflow in which a node runs for one batch of items after the other, and "After" at last. */
export function loop(name: string, before: WorkflowNode[], node: WorkflowNode, batchSize = 1): WorkflowJson {
	const loopNode = n8nNode('Loop', 'splitInBatches', { batchSize, options: {} }, 3);
	const { nodes, connections } = chain(name, [...before, loopNode]);
	return {
		name,
		nodes: [...nodes, node, n8nNode('After', 'noOp')],
		connections: {
			...connections,
			Loop: { main: [to('After'), to(node.name)] },
			[node.name]: { main: [to('Loop')] },
		},
	};
}
