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
	await n8n.rest.setupOwner();
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

/** One of our nodes, for a workflow. */
export function ourNode(
	setup: Pick<Setup, 'credentialId'>,
	name: string,
	type: 'videoSdkAgentCloud' | 'videoSdkAgentCloudToolTrigger' | 'videoSdkAgentCloudTrigger',
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
		credentials: { [CREDENTIAL_TYPE]: { id: setup.credentialId, name: 'VideoSDK' } },
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

/** A workflow whose nodes follow one another in the order given. */
export function chain(name: string, nodes: WorkflowNode[]): WorkflowJson {
	const connections: Record<string, unknown> = {};
	for (const [index, node] of nodes.entries()) {
		const next = nodes[index + 1];
		if (next) connections[node.name] = { main: [[{ node: next.name, type: 'main', index: 0 }]] };
	}
	return { name, nodes, connections } as WorkflowJson;
}
