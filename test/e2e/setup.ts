import type { N8n, N8nOptions } from '../n8n/instance';
import { startN8n } from '../n8n/instance';
import type { N8nRest, WorkflowJson, WorkflowNode } from '../n8n/rest';
import type { Simulator, SimulatorOptions } from '../simulator';
import { startSimulator } from '../simulator';

export const PACKAGE = 'n8n-nodes-videosdk-agent-cloud';
export const CREDENTIAL_TYPE = 'videoSdkAgentCloudApi';

/** For a simulator: a sender that also waits for the answer of an n8n that is busy or stalls. */
export const PATIENT = { deliveryTimeoutMs: 30_000 };

/** A real n8n with the package and our credential, and the simulator that the credential names. */
export interface Setup {
	n8n: N8n;
	simulator: Simulator;
	credentialId: string;
	stop(): Promise<void>;
}

/** Starts both. */
export async function setUp(
	options: { n8n?: N8nOptions; simulator?: SimulatorOptions; credential?: object } = {},
): Promise<Setup> {
	const simulator = await startSimulator(options.simulator);
	// An open simulator would keep jest from ending.
	const n8n = await startN8n(options.n8n).catch(async (error: unknown) => {
		await simulator.close();
		throw error;
	});
	const { id: credentialId } = await createCredential(n8n.rest, simulator, options.credential);
	return {
		n8n,
		simulator,
		credentialId,
		async stop() {
			await n8n.stop();
			await simulator.close();
		},
	};
}

/** Stores our credential for a simulator. */
export async function createCredential(
	rest: N8nRest,
	{ apiKey, secret, url }: Pick<Simulator, 'apiKey' | 'secret' | 'url'>,
	more: object = {},
): Promise<{ id: string; name: string }> {
	const name = 'VideoSDK';
	const data = { apiKey, secretKey: secret, baseUrl: url, webhookPublicKey: '', ...more };
	const { id } = await rest.createCredential({ name, type: CREDENTIAL_TYPE, data });
	return { id, name };
}

/** What a node names our credential by. */
export const ourCredential = (id: string) => ({ [CREDENTIAL_TYPE]: { id, name: 'VideoSDK' } });

/** One of our nodes, for a workflow. */
export function ourNode(
	setup: Pick<Setup, 'credentialId'>,
	name: string,
	type: 'videoSdkAgentCloud' | 'videoSdkAgentCloudMcpTrigger' | 'videoSdkAgentCloudTrigger',
	parameters: object,
	extra: object = {},
): WorkflowNode {
	return {
		id: `id-${name}`,
		name,
		type: `${PACKAGE}.${type}`,
		typeVersion: 1,
		position: [0, 0],
		parameters,
		credentials: ourCredential(setup.credentialId),
		...extra,
	} as WorkflowNode;
}

/** One of n8n's own nodes, for a workflow. */
export function n8nNode(name: string, type: string, parameters: object = {}, typeVersion = 1): WorkflowNode {
	return {
		id: `id-${name}`,
		name,
		type: `n8n-nodes-base.${type}`,
		typeVersion,
		position: [0, 0],
		parameters,
	} as WorkflowNode;
}

/** n8n's Webhook node, by which runs are started as in production. */
export const webhookNode = (path: string): WorkflowNode => ({
	...n8nNode('Webhook', 'webhook', { httpMethod: 'POST', path, options: {} }, 2),
	webhookId: `webhook-${path}`,
});

/** A node whose output is one JSON object. */
export const jsonNode = (name: string, jsonOutput: string): WorkflowNode =>
	n8nNode(name, 'set', { mode: 'raw', jsonOutput, options: {} }, 3.4);

/** Nodes whose output is one item for each entry: its fields, or itself as "item". */
export const itemNodes = (entries: unknown[]): WorkflowNode[] => [
	jsonNode('List', JSON.stringify({ item: entries })),
	n8nNode('Items', 'splitOut', { fieldToSplitOut: 'item', options: {} }),
];

/** Where an output of a node leads. */
export const to = (...nodes: string[]) => nodes.map((node) => ({ node, type: 'main', index: 0 }));

/** A workflow whose nodes follow one another in the order given. */
export function chain(name: string, nodes: WorkflowNode[]): WorkflowJson {
	const connections: Record<string, unknown> = {};
	for (const [index, node] of nodes.entries()) {
		const next = nodes[index + 1];
		if (next) connections[node.name] = { main: [to(next.name)] };
	}
	return { name, nodes, connections } as WorkflowJson;
}
