/** What is measured, each beside what a user would pick instead. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { signToken, toolKey } from '../../nodes/VideoSdkAgentCloud/tools/token';
import { eventBody, publish, publishTrigger, untilPublished } from '../e2e/deliveries';
import type { Setup } from '../e2e/setup';
import { chain, CREDENTIAL_TYPE, jsonNode, n8nNode, ourCredential, ourNode, webhookNode } from '../e2e/setup';
import { PlainError, waitFor } from '../n8n/processes';
import type { WorkflowNode } from '../n8n/rest';
import { cpuMs, inTurns, untilQuiet, type Row } from './measure';

const STARTS = 300;
const API_LATENCY_MS = 50;
const DELIVERIES = 20;
const WAIT_WINDOW_MS = 60_000;
const WAITS: Array<[executions: number, sessions: number]> = [
	[100, 1],
	[1, 200],
];
const TIMEOUT_MS = 300_000;

const EVENT = 'ai-deployment-session-started';
const SESSION = {
	resource: 'session',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
	tag: 'v1',
};

/** As many items as the call's body says in `count`. */
const counted = (): WorkflowNode[] => [
	jsonNode('List', '={{ { list: Array.from({ length: $json.body.count }, (_, number) => ({ number })) } }}'),
	n8nNode('Items', 'splitOut', { fieldToSplitOut: 'list', options: {} }),
];

/** A webhook that is answered by the end of the workflow, with little. */
async function publishAnswering(setup: Setup, path: string, nodes: WorkflowNode[], mode = 'lastNode') {
	const webhook = webhookNode(path);
	Object.assign(webhook.parameters, { responseMode: mode });
	const last = mode === 'lastNode' ? [n8nNode('One', 'limit', { maxItems: 1 })] : [];
	const id = await publish(setup.n8n, chain(path, [webhook, ...nodes, ...last]));
	await untilPublished(setup.n8n.url, path);
	return id;
}

async function call(setup: Setup, path: string, body: object): Promise<number> {
	const startedAtMs = performance.now();
	const response = await setup.n8n.rest.triggerByWebhook(path, body);
	const text = await response.text();
	if (response.status !== 200) throw new PlainError(`n8n answered ${response.status}: ${text}`);
	return performance.now() - startedAtMs;
}

/** Many starts: our node, and n8n's HTTP Request node. */
export async function measureStarts(setup: Setup, rounds: number): Promise<Row[]> {
	const fields = `deploymentId: 'ddv_support', tag: 'v1', metaData: { number: $json.number }`;
	const request = {
		...{ authentication: 'predefinedCredentialType', nodeCredentialType: CREDENTIAL_TYPE },
		...{ method: 'POST', url: `${setup.simulator.url}/ai/v1/ai-deployment-sessions/start` },
		...{ sendBody: true, specifyBody: 'json', jsonBody: `={{ JSON.stringify({ ${fields} }) }}`, options: {} },
	};
	const credentials = ourCredential(setup.credentialId);
	const byRequest = { ...n8nNode('Start', 'httpRequest', request, 4.2), credentials };
	const metaData = { entries: [{ key: 'number', value: '={{ $json.number }}' }] };
	const ours = ourNode(setup, 'Start', 'videoSdkAgentCloud', { ...SESSION, operation: 'start', metaData });
	await publishAnswering(setup, 'ours', [...counted(), ours]);
	await publishAnswering(setup, 'HTTP-Request', [...counted(), byRequest]);
	setup.simulator.latencyMs = API_LATENCY_MS;
	const names = ['ours', 'HTTP-Request'] as const;
	const measure = async (path: (typeof names)[number]) => {
		setup.simulator.requests.length = 0;
		const ms = await call(setup, path, { count: STARTS });
		const { length } = setup.simulator.requests;
		if (length !== STARTS) throw new PlainError(`"${path}" made ${length} requests.`);
		return ms;
	};
	// Connections and code are warm then.
	for (const name of names) await measure(name);
	const values = await inTurns(names, rounds, measure);
	setup.simulator.latencyMs = 0;
	return [{ what: `${STARTS} starts, the API answers in ${API_LATENCY_MS} ms`, unit: 'ms', values }];
}

/** One delivery, genuine and forged, and a workflow that verifies by hand. */
export async function measureDeliveries(setup: Setup, rounds: number): Promise<Row[]> {
	const { n8n, simulator } = setup;
	await publishTrigger(setup, { webhookId: 'bench', parameters: { events: [EVENT] } });
	const code = `
const { verify } = require('crypto');
const rawBody = await this.helpers.getBinaryDataBuffer(0, 'data');
const signature = Buffer.from($input.first().json.headers['videosdk-signature'], 'base64');
if (!verify('RSA-SHA256', rawBody, ${JSON.stringify(simulator.publicKeyPem)}, signature)) return [];
return [{ json: JSON.parse(rawBody.toString('utf8')) }];`;
	const webhook = webhookNode('by-hand');
	Object.assign(webhook.parameters, { options: { rawBody: true } });
	await publish(n8n, chain('By hand', [webhook, n8nNode('Verify', 'code', { jsCode: code }, 2)]));
	await untilPublished(n8n.url, 'by-hand');
	const cases = {
		ours: { path: 'bench/webhook' },
		forged: { path: 'bench/webhook', signature: 'A'.repeat(342) + '==' },
		'a Webhook and a Code node': { path: 'by-hand' },
	};
	const names = Object.keys(cases) as Array<keyof typeof cases>;
	const values = await inTurns(names, rounds, async (name) => {
		const { path, ...how }: { path: string; signature?: string } = cases[name];
		const before = await untilQuiet(n8n.pid);
		for (let count = 0; count < DELIVERIES; count++) {
			const { status } = await simulator.deliver(
				`${n8n.url}/webhook/${path}`,
				eventBody(randomUUID(), 'started'),
				how,
			);
			if (status !== (how.signature ? 401 : 200)) throw new PlainError(`${name}: n8n answered ${status}.`);
		}
		return ((await untilQuiet(n8n.pid)) - before) / DELIVERIES;
	});
	return [{ what: 'One delivery and its execution', unit: 'ms CPU', values }];
}

/** What waiting executions cost n8n and the API, and how fast they end. */
export async function measureWaits(setup: Setup): Promise<Row[]> {
	const { n8n, simulator } = setup;
	const wait = ourNode(setup, 'Wait', 'videoSdkAgentCloud', {
		...SESSION,
		operation: 'startAndWait',
		maxWait: 24,
		maxWaitUnit: 'hours',
	});
	const workflowId = await publishAnswering(setup, 'waits', [...counted(), wait], 'onReceived');
	const rows: Row[] = [];
	for (const [executions, count] of WAITS) {
		const what = `${executions} waiting executions of ${count} sessions`;
		const runs = async (status: string) =>
			(await n8n.rest.listExecutions({ workflowId, status: [status] })).length;
		const before = await runs('success');
		const until = async (status: string, wanted: number) =>
			await waitFor(what, async () => ((await runs(status)) === wanted ? true : undefined), TIMEOUT_MS, 500);
		for (let made = 0; made < executions; made++) await call(setup, 'waits', { count });
		await until('waiting', executions);
		simulator.requests.length = 0;
		const cpuBefore = cpuMs(n8n.pid);
		await sleep(WAIT_WINDOW_MS);
		const cpu = cpuMs(n8n.pid) - cpuBefore;
		const requests = simulator.requests.length;
		const endedAtMs = performance.now();
		for (const id of simulator.sessions.keys()) await simulator.emit(id, 'stopped');
		await until('success', before + executions);
		const seconds = (performance.now() - endedAtMs) / 1000;
		simulator.sessions.clear();
		rows.push(
			{ what: `${what}: requests to the API in a minute`, unit: 'requests', values: { ours: [requests] } },
			{ what: `${what}: CPU of n8n in this minute`, unit: 'ms CPU', values: { ours: [cpu] } },
			{ what: `${what}: from the first end to the last execution's`, unit: 's', values: { ours: [seconds] } },
		);
	}
	return rows;
}

/** From an agent's question to its answer: the tool trigger, and a webhook that is open to anyone. */
export async function measureTools(setup: Setup, rounds: number): Promise<Row[]> {
	const { n8n, simulator } = setup;
	const asked = {
		toolName: 'find_order',
		toolDescription: 'Finds an order.',
		specifyParameters: 'json',
		jsonSchema: '{"type":"object"}',
	};
	const lookUp = jsonNode('Look up', "={{ { status: 'shipped' } }}");
	await publish(
		n8n,
		chain('Tool', [
			ourNode(setup, 'Asked', 'videoSdkAgentCloudMcpTrigger', asked, { webhookId: 'tool' }),
			lookUp,
			ourNode(setup, 'Answer', 'videoSdkAgentCloud', { resource: 'tool', operation: 'answer' }),
		]),
	);
	const answer = { respondWith: 'firstIncomingItem', options: {} };
	const respond = n8nNode('Respond', 'respondToWebhook', answer, 1.1);
	await publishAnswering(setup, 'open', [lookUp, respond], 'responseNode');
	const url = `${n8n.url}/webhook/tool/mcp`;
	await n8n.rest.waitForWebhook(url);
	const access = { url, expiresAtS: Date.now() / 1000 + 86_400, context: {} };
	const headers = {
		accept: 'application/json, text/event-stream',
		authorization: `Bearer ${signToken(access, toolKey(simulator.secret))}`,
	};
	const params = { name: 'find_order', arguments: {} };
	const question = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
	const ask = { ours: [url, question], 'an open webhook': ['open', {}] } as const;
	const values = await inTurns(['ours', 'an open webhook'], 5 * rounds, async (name) => {
		await sleep(300);
		const [at, body] = ask[name];
		const startedAtMs = performance.now();
		const response = await n8n.rest.triggerByWebhook(at, body, { headers });
		const text = await response.text();
		if (!text.includes('shipped')) throw new PlainError(`${name} answered ${response.status}: ${text}`);
		return performance.now() - startedAtMs;
	});
	return [{ what: "An agent's question", unit: 'ms', values }];
}
