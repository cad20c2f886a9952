import type { N8nOptions, N8nProcess } from '../n8n/instance';
import { startN8n, startProcess } from '../n8n/instance';
import type { N8nRest, WorkflowJson, WorkflowNode } from '../n8n/rest';
import type { Simulator, SimulatorOptions } from '../simulator';
import { startSimulator } from '../simulator';
import { leaks, signaturesOf } from './leaks';
import { startQueueServices } from './queueMode';

export const PACKAGE = 'n8n-nodes-videosdk-agent-cloud';
export const CREDENTIAL_TYPE = 'videoSdkAgentCloudApi';

/** For a simulator: a sender that also waits for the answer of an n8n that is busy or stalls. */
export const PATIENT = { deliveryTimeoutMs: 30_000 };

/** A real n8n with the package and our credential, and the simulator that the credential names. */
export type Setup = Awaited<ReturnType<typeof setUp>>;

interface SetupOptions {
	n8n?: N8nOptions;
	simulator?: SimulatorOptions;
	credential?: object;
	queue?: { webhooks: number; workers: number };
}

export async function setUp(options: SetupOptions = {}) {
	const undo: Array<() => Promise<unknown>> = [];
	// An open simulator would keep jest from ending.
	const stop = async () => {
		for (const step of undo.splice(0).reverse()) await step();
	};
	try {
		const targets: N8nProcess[] = [];
		const { webhooks: webhookCount = 0, workers: workerCount = 0 } = options.queue ?? {};
		const queue = options.queue && (await startQueueServices(targets));
		if (queue) undo.push(queue.stop);
		const n8nOptions: N8nOptions = queue
			? { ...options.n8n, mode: 'queue', env: { ...queue.env, ...options.n8n?.env } }
			: (options.n8n ?? {});
		const simulator = await startSimulator(options.simulator);
		undo.push(async () => await simulator.close());
		// Production webhooks are the webhook processes' alone.
		const env = { ...n8nOptions.env, N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true' };
		const n8n = await startN8n(webhookCount > 0 ? { ...n8nOptions, env } : n8nOptions);
		undo.push(async () => await n8n.stop());
		const startAll = async (role: 'webhook' | 'worker', count: number) => {
			const starts = Array.from({ length: count }, async () => await startProcess(role, n8nOptions));
			const processes = await Promise.all(starts);
			undo.push(async () => await Promise.all(processes.map(async (process) => await process.stop())));
			return processes;
		};
		const webhooks = await startAll('webhook', webhookCount);
		const workers = await startAll('worker', workerCount);
		targets.push(...(webhookCount > 0 ? webhooks : [n8n]));
		const { id: credentialId } = await createCredential(n8n.rest, simulator, options.credential);
		/** Where n8n itself says that it is reached. */
		const webhooksUrl = queue?.url ?? n8n.url.replace('127.0.0.1', 'localhost');
		return { n8n, simulator, credentialId, webhooksUrl, webhooks, workers, queue, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

/** Starts all before the tests of a file or a group, and stops it after them, if no secret and no token has come to light. */
export function setUpAll(options: SetupOptions): Setup {
	const setup = {} as Setup;
	beforeAll(async () => void Object.assign(setup, await setUp(options)));
	afterAll(async () => {
		// It may not have started.
		if (!('stop' in setup)) return;
		const found = leaks(setup, signaturesOf(setup.simulator), [setup.simulator.secret]);
		await setup.stop();
		expect(found).toEqual([]);
	});
	return setup;
}

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

/** What `countingNode` calls. The simulator knows no such path. */
const COUNTED_PATH = '/continued/';

/** A last node, by which it is known how often an execution continued. */
export const countingNode = ({ simulator }: Setup, name: string): WorkflowNode => {
	const url = `=${simulator.url}${COUNTED_PATH}{{ $execution.id }}`;
	const node = n8nNode(name, 'httpRequest', { url, options: {} }, 4.2);
	return { ...node, onError: 'continueRegularOutput' };
};

/** How often the execution reached its `countingNode`, once for each item. */
export const timesContinued = ({ simulator }: Setup, executionId: string): number =>
	simulator.requests.filter(({ path }) => path === `${COUNTED_PATH}${executionId}`).length;

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
