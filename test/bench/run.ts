/** `npm run bench`: how fast the package is in a real n8n, beside what a user would pick instead. Prints a Markdown table. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { signToken, toolKey } from '../../nodes/VideoSdkAgentCloud/tools/token';
import { eventBody, publish, publishTrigger, untilPublished } from '../e2e/deliveries';
import { chain, CREDENTIAL_TYPE, jsonNode, n8nNode, ourCredential, ourNode, webhookNode } from '../e2e/setup';
import { type Setup, setUp } from '../e2e/setup';
import { PlainError, runMain } from '../n8n/processes';
import type { WorkflowNode } from '../n8n/rest';
import { DEFAULT_N8N_VERSION } from '../n8n/runtime';

const ROUNDS = 9;
const STARTS = 300;
const API_LATENCY_MS = 50;
const SESSION = { deploymentId: 'ddv_support', tag: 'v1' };

const rounded = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US');

/** Measures things in turns (A B, B A, ...), so that whatever disturbs the machine meets them alike, and prints a row. */
async function inTurns<Name extends string>(
	what: string,
	names: readonly Name[],
	measure: (name: Name) => Promise<unknown>,
): Promise<void> {
	const values = new Map(names.map((name) => [name, [] as number[]]));
	// In the first round, connections and code get warm.
	for (let round = 0; round <= ROUNDS; round++) {
		for (let place = 0; place < names.length; place++) {
			const name = names[(place + round) % names.length] as Name;
			const startedAtMs = performance.now();
			await measure(name);
			if (round > 0) values.get(name)?.push(performance.now() - startedAtMs);
		}
	}
	const cells = [...values].map(([name, all]) => {
		const [least = NaN, ...more] = all.sort((one, other) => one - other);
		const median = more[Math.floor(more.length / 2) - 1] ?? NaN;
		return `${name}: ${rounded(median)} ms (${rounded(least)} to ${rounded(more.at(-1) ?? NaN)})`;
	});
	process.stdout.write(`| ${[what, ...cells].join(' | ')} |\n`);
}

/** Publishes a webhook that is answered by the end of the workflow, with little. */
async function publishAnswering(setup: Setup, path: string, nodes: WorkflowNode[], options = {}) {
	const webhook = webhookNode(path);
	Object.assign(webhook.parameters, { responseMode: 'lastNode', options });
	const last = n8nNode('One', 'limit', { maxItems: 1 });
	await publish(setup.n8n, chain(path, [webhook, ...nodes, last]));
	await untilPublished(setup.n8n.url, path);
}

/** Calls a webhook of n8n. @throws PlainError unless it answers as expected */
async function call({ n8n }: Setup, path: string, body: object, headers = {}, expected = ''): Promise<void> {
	const response = await n8n.rest.triggerByWebhook(path, body, { headers });
	const text = await response.text();
	if (response.status !== 200 || !text.includes(expected))
		throw new PlainError(`n8n answered ${response.status}: ${text}`);
}

async function measureStarts(setup: Setup): Promise<void> {
	const { simulator } = setup;
	const request = {
		...{ authentication: 'predefinedCredentialType', nodeCredentialType: CREDENTIAL_TYPE },
		...{ method: 'POST', url: `${simulator.url}/ai/v1/ai-deployment-sessions/start` },
		...{ sendBody: true, specifyBody: 'json', jsonBody: JSON.stringify(SESSION), options: {} },
	};
	const byRequest = n8nNode('Start', 'httpRequest', request, 4.2);
	const ours = { ...SESSION, resource: 'session', operation: 'start' };
	const list = `={{ { list: Array.from({ length: ${STARTS} }, (_, number) => ({ number })) } }}`;
	const items = [
		jsonNode('List', list),
		n8nNode('Items', 'splitOut', { fieldToSplitOut: 'list', options: {} }),
	];
	const nodes = {
		ours: ourNode(setup, 'Start', 'videoSdkAgentCloud', ours),
		'HTTP-Request': { ...byRequest, credentials: ourCredential(setup.credentialId) },
	};
	for (const [path, node] of Object.entries(nodes)) await publishAnswering(setup, path, [...items, node]);
	simulator.latencyMs = API_LATENCY_MS;
	const what = `${STARTS} starts, the API answers in ${API_LATENCY_MS} ms`;
	await inTurns(what, Object.keys(nodes), async (path) => {
		simulator.requests.length = 0;
		await call(setup, path, {});
		const { length } = simulator.requests;
		if (length !== STARTS) throw new PlainError(`"${path}" made ${length} requests.`);
	});
	simulator.latencyMs = 0;
}

/** A delivery until its response: genuine, forged, and to a workflow that verifies by hand. */
async function measureDeliveries(setup: Setup): Promise<void> {
	const { n8n, simulator } = setup;
	await publishTrigger(setup, {
		webhookId: 'bench',
		parameters: { events: ['ai-deployment-session-started'] },
	});
	const jsCode = `
const { verify } = require('crypto');
const rawBody = await this.helpers.getBinaryDataBuffer(0, 'data');
const signature = Buffer.from($input.first().json.headers['videosdk-signature'], 'base64');
if (!verify('RSA-SHA256', rawBody, ${JSON.stringify(simulator.publicKeyPem)}, signature)) return [];
return [{ json: JSON.parse(rawBody.toString('utf8')) }];`;
	await publishAnswering(setup, 'by-hand', [n8nNode('Verify', 'code', { jsCode }, 2)], { rawBody: true });
	const names = ['ours', 'forged', 'a Webhook and a Code node'] as const;
	await inTurns('A delivery', names, async (name) => {
		const url = `${n8n.url}/webhook/${name.startsWith('a ') ? 'by-hand' : 'bench/webhook'}`;
		const how = name === 'forged' ? { signature: `${'A'.repeat(342)}==` } : {};
		const { status } = await simulator.deliver(url, eventBody(randomUUID(), 'started'), how);
		if (status !== (name === 'forged' ? 401 : 200)) throw new PlainError(`${name}: n8n answered ${status}.`);
	});
}

/** From an agent's question to its answer: the tool trigger, and a webhook that is open to anyone. */
async function measureQuestions(setup: Setup): Promise<void> {
	const tool = { toolName: 'find_order', toolDescription: 'Finds an order.' };
	const lookUp = jsonNode('Look up', "={{ { status: 'shipped' } }}");
	const trigger = ourNode(setup, 'Asked', 'videoSdkAgentCloudMcpTrigger', tool, { webhookId: 'tool' });
	const answer = ourNode(setup, 'Answer', 'videoSdkAgentCloud', { resource: 'tool', operation: 'answer' });
	await publish(setup.n8n, chain('Tool', [trigger, lookUp, answer]));
	await publishAnswering(setup, 'open', [lookUp]);
	const url = `${setup.n8n.url}/webhook/tool/mcp`;
	await setup.n8n.rest.waitForWebhook(url);
	const access = { url, expiresAtS: Date.now() / 1000 + 86_400, context: {} };
	const authorization = `Bearer ${signToken(access, toolKey(setup.simulator.secret))}`;
	const headers = { accept: 'application/json, text/event-stream', authorization };
	const params = { name: 'find_order', arguments: {} };
	const question = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
	await inTurns("An agent's question", ['ours', 'an open webhook'], async (name) =>
		name === 'ours'
			? await call(setup, url, question, headers, 'shipped')
			: await call(setup, 'open', {}, {}, 'shipped'),
	);
}

runMain(async () => {
	const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
	process.stdout.write(`n8n ${DEFAULT_N8N_VERSION}, commit ${commit}: median (smallest to largest)\n\n`);
	// The workflow built by hand verifies with crypto.
	const env = { NODE_FUNCTION_ALLOW_BUILTIN: 'crypto' };
	const setup = await setUp({ n8n: { env }, simulator: { lifecycle: false, deliveryTimeoutMs: 60_000 } });
	try {
		for (const measure of [measureStarts, measureDeliveries, measureQuestions]) await measure(setup);
	} finally {
		await setup.stop();
	}
	return 0;
});
