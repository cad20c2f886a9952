import { join } from 'node:path';
import { publish, untilPublished } from '../../e2e/deliveries';
import {
	actionNode,
	BY_RULE,
	chain,
	CREDENTIAL_TYPE,
	itemNodes,
	n8nNode,
	ourCredential,
	webhookNode,
} from '../../e2e/nodes';
import type { Setup } from '../../e2e/setup';
import { PlainError } from '../../n8n/processes';
import type { WorkflowNode } from '../../n8n/rest';
import { type Figure, inTurns, type Measure, type Row } from '../figure';
import { cpuMs, withN8n } from '../stage';

const STARTS = 300;
const API_LATENCY_MS = 50;
const MANY_STARTS = 1_000;
const START_PATH = '/ai/v1/ai-deployment-sessions/start';
const CALL_PATH = '/v2/sip/call';
const AT_ONCE = 100;
const SESSION = { deploymentId: 'ddv_support', tag: 'v1' };
/** One expression, as most starts have: the customer's number. */
const EACH = {
	specifyEnv: 'keypair',
	env: { variables: [{ name: 'CUSTOMER', value: '={{ $json.number }}' }] },
};
const NUMBER = '"+1555010" + String($itemIndex).padStart(4, "0")';

interface Starts {
	measure: Measure;
	/** The CPU that n8n used each time, in ms. */
	cpu: number[];
}

/**
 * Publishes a node that starts all, behind a webhook that answers when they are started.
 *
 * @param path that of the request that starts one
 */
async function startAll(
	{ n8n, simulator, ...others }: Setup,
	name: string,
	count: number,
	path: string,
	node: WorkflowNode,
): Promise<Starts> {
	const webhook = webhookNode(name);
	Object.assign(webhook.parameters, { responseMode: 'lastNode' });
	const items = itemNodes(Array.from({ length: count }, (_, number) => ({ number })));
	// The answer is small.
	const last = n8nNode('One', 'limit', { maxItems: 1 });
	await publish(n8n, chain(name, [webhook, ...items, node, last]));
	await untilPublished(n8n.url, name);
	const cpu: number[] = [];
	const measure = async () => {
		simulator.requests.length = 0;
		const setup = { n8n, simulator, ...others };
		const usedMs = cpuMs(setup);
		const sinceMs = performance.now();
		const { status } = await n8n.rest.triggerByWebhook(name);
		const ms = performance.now() - sinceMs;
		cpu.push(cpuMs(setup) - usedMs);
		const { length } = simulator.requests.filter((request) => request.path === path);
		if (status !== 200 || length !== count)
			throw new PlainError(`"${name}" started ${length}, and answered ${status}.`);
		return ms;
	};
	return { measure, cpu };
}

function httpRequest({ simulator, credentialId }: Setup, path: string, jsonBody: string): WorkflowNode {
	const request = {
		authentication: 'predefinedCredentialType',
		nodeCredentialType: CREDENTIAL_TYPE,
		method: 'POST',
		url: simulator.url + path,
		sendBody: true,
		specifyBody: 'json',
		jsonBody,
		options: {},
	};
	return { ...n8nNode('Start', 'httpRequest', request, 4.2), credentials: ourCredential(credentialId) };
}

const start = (setup: Setup, more?: object) =>
	actionNode(setup, 'Start', { ...SESSION, resource: 'session', operation: 'start', ...more });

/** Beside HTTP Request, with an API as far away as the real one. */
async function besideHttpRequest(setup: Setup): Promise<Row[]> {
	const sessions = httpRequest(setup, START_PATH, JSON.stringify(SESSION));
	const http = await startAll(setup, 'http', STARTS, START_PATH, sessions);
	const call = {
		...BY_RULE,
		operation: 'make',
		to: `={{ ${NUMBER} }}`,
		options: { maxConcurrency: AT_ONCE },
	};
	const fixed = 'routingRuleId: "rule_out_01", sipCallFrom: "+15550102001"';
	const calls = httpRequest(setup, CALL_PATH, `={{ JSON.stringify({ ${fixed}, sipCallTo: ${NUMBER} }) }}`);
	const httpCalls = await startAll(setup, 'http-calls', STARTS, CALL_PATH, calls);
	const ours = await startAll(setup, 'ours', STARTS, START_PATH, start(setup));
	const make = await startAll(setup, 'make', STARTS, CALL_PATH, actionNode(setup, 'Start', call));
	const recorded = actionNode(setup, 'Start', { ...call, recording: 'record' });
	const inRoom = await startAll(setup, 'room', STARTS, CALL_PATH, recorded);
	const peer = { name: 'HTTP Request', measure: http.measure };
	const callPeer = { name: 'HTTP Request', measure: httpCalls.measure };
	const calling = `**Call: Make** with ${STARTS} items and **Max Concurrency** ${AT_ONCE}`;
	return await inTurns([
		{ what: `**Session: Start** with ${STARTS} items`, ours: ours.measure, peer },
		{ what: calling, ours: make.measure, peer: callPeer },
		{ what: `${calling}, each with a room of its own`, ours: inRoom.measure, peer: callPeer },
	]);
}

/** Beside a node that starts and does nothing else, with an API that answers at once. */
async function besideLeast(setup: Setup): Promise<Row[]> {
	const parameters = { ...SESSION, url: setup.simulator.url + START_PATH, tag: '={{ "v" + 1 }}' };
	const node = {
		...n8nNode('Start', 'CUSTOM.leastStart', parameters),
		credentials: ourCredential(setup.credentialId),
	};
	const least = await startAll(setup, 'least', MANY_STARTS, START_PATH, node);
	const ours = await startAll(setup, 'ours', MANY_STARTS, START_PATH, start(setup, EACH));
	const what = `**Session: Start** with ${MANY_STARTS} items and one expression, the API answering at once`;
	const name = 'the least node that starts';
	const rows = await inTurns([{ what, ours: ours.measure, peer: { name, measure: least.measure } }]);
	// The first round isn't counted.
	const cpu = { ours: ours.cpu.slice(1), peer: { name, values: least.cpu.slice(1) } };
	return [...rows, { what: 'CPU of n8n for these', unit: 'ms', ...cpu }];
}

export const manyStarts: Figure = {
	title: 'Many starts in one node',
	how: `From the webhook to its answer, when a node has started a session or call for each item. Beside HTTP Request, the API answers in ${API_LATENCY_MS} ms. The least node is written for this comparison (\`test/bench/least\`): it reads three parameters for each item, sends its request, and checks nothing.`,
	measure: async () => {
		const simulator = { lifecycle: false as const };
		const custom = {
			N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true',
			N8N_CUSTOM_EXTENSIONS: join(__dirname, '../least'),
		};
		return [
			...(await withN8n({ ...simulator, latencyMs: API_LATENCY_MS }, besideHttpRequest)),
			...(await withN8n(simulator, besideLeast, custom)),
		];
	},
};
