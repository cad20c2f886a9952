/** `npm run bench`: how fast the package is in a real n8n, beside what a user would pick instead. Prints a Markdown table. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { signToken, toolKey } from '../../nodes/VideoSdkAgentCloud/tools/token';
import { eventBody, publish, publishTrigger, untilPublished } from '../e2e/deliveries';
import { chain, CREDENTIAL_TYPE, jsonNode, n8nNode, ourCredential, ourNode, webhookNode } from '../e2e/setup';
import { type Setup, setUp } from '../e2e/setup';
import { describeCommit } from '../n8n/commit';
import { PlainError, runMain, waitFor } from '../n8n/processes';
import type { WorkflowNode } from '../n8n/rest';
import { DEFAULT_N8N_VERSION } from '../n8n/runtime';

const STARTS = 300;
const API_LATENCY_MS = 50;
const DELIVERIES = 20;
const WAIT_WINDOW_MS = 60_000;
const TIMEOUT_MS = 300_000;
const SESSION = {
	resource: 'session',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
	tag: 'v1',
};
const msPerTick = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** @returns the CPU time in ms that a process and its children have used so far */
function cpuMs(pid: number): number {
	let text: string;
	try {
		text = readFileSync(`/proc/${pid}/stat`, 'utf8');
	} catch {
		// It has ended meanwhile.
		return 0;
	}
	// The name, in brackets, may hold anything. Then utime, stime, and the same of children that have ended.
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
	return children.reduce((sum, child) => sum + cpuMs(Number(child)), ticks * msPerTick);
}

/** Waits until a process and its children have nothing to do. @returns the CPU time in ms used until then */
async function untilQuiet(pid: number): Promise<number> {
	const deadlineMs = Date.now() + TIMEOUT_MS;
	let last = cpuMs(pid);
	for (let quiet = 0; quiet < 6 && Date.now() < deadlineMs;) {
		await sleep(50);
		const ms = cpuMs(pid);
		quiet = ms - last > msPerTick ? 0 : quiet + 1;
		last = ms;
	}
	return last;
}

const rounded = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US');

/** Prints a row of the table: of each the median, the smallest, and the largest value. */
function printRow(what: string, unit: string, values: Record<string, number[]>): void {
	const cells = Object.entries(values).map(([name, all]) => {
		const sorted = [...all].sort((one, other) => one - other);
		const [least = NaN, median = NaN, most = NaN] = [0, 0.5, 1].map(
			(share) => sorted[Math.round(share * (sorted.length - 1))],
		);
		return `${name}: ${rounded(median)} ${unit} (${rounded(least)} to ${rounded(most)})`;
	});
	process.stdout.write(`| ${[what, ...cells].join(' | ')} |\n`);
}

/** Measures several things in turns (A B, B A, ...), so that whatever disturbs the machine meets them alike, and prints the row. */
async function inTurns<Name extends string>(
	row: { what: string; unit: string; rounds: number; names: readonly Name[] },
	measure: (name: Name) => Promise<number>,
): Promise<void> {
	const { names } = row;
	const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
	// Connections and code are warm then.
	for (const name of names) await measure(name);
	for (let round = 0; round < row.rounds; round++) {
		for (let place = 0; place < names.length; place++) {
			const name = names[(place + round) % names.length] as Name;
			values[name].push(await measure(name));
		}
	}
	printRow(row.what, row.unit, values);
}

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

/** @returns how long the answer took, in ms */
async function call(
	setup: Setup,
	path: string,
	body: object,
	headers = {},
	expected = /(?:)/,
): Promise<number> {
	const startedAtMs = performance.now();
	const response = await setup.n8n.rest.triggerByWebhook(path, body, { headers });
	const text = await response.text();
	if (response.status !== 200 || !expected.test(text))
		throw new PlainError(`n8n answered ${response.status}: ${text}`);
	return performance.now() - startedAtMs;
}

/** Many starts: our node, and n8n's HTTP Request node. */
async function measureStarts(setup: Setup, rounds: number): Promise<void> {
	const { simulator } = setup;
	const fields = `deploymentId: 'ddv_support', tag: 'v1', metaData: { number: $json.number }`;
	const request = {
		...{ authentication: 'predefinedCredentialType', nodeCredentialType: CREDENTIAL_TYPE },
		...{ method: 'POST', url: `${simulator.url}/ai/v1/ai-deployment-sessions/start` },
		...{ sendBody: true, specifyBody: 'json', jsonBody: `={{ JSON.stringify({ ${fields} }) }}`, options: {} },
	};
	const credentials = ourCredential(setup.credentialId);
	const byRequest = { ...n8nNode('Start', 'httpRequest', request, 4.2), credentials };
	const metaData = { entries: [{ key: 'number', value: '={{ $json.number }}' }] };
	const ours = ourNode(setup, 'Start', 'videoSdkAgentCloud', { ...SESSION, operation: 'start', metaData });
	await publishAnswering(setup, 'ours', [...counted(), ours]);
	await publishAnswering(setup, 'HTTP-Request', [...counted(), byRequest]);
	simulator.latencyMs = API_LATENCY_MS;
	const names = ['ours', 'HTTP-Request'] as const;
	const what = `${STARTS} starts, the API answers in ${API_LATENCY_MS} ms`;
	await inTurns({ what, unit: 'ms', rounds, names }, async (path) => {
		simulator.requests.length = 0;
		const ms = await call(setup, path, { count: STARTS });
		const { length } = simulator.requests;
		if (length !== STARTS) throw new PlainError(`"${path}" made ${length} requests.`);
		return ms;
	});
	simulator.latencyMs = 0;
}

/** One delivery, genuine and forged, and a workflow that verifies by hand. */
async function measureDeliveries(setup: Setup, rounds: number): Promise<void> {
	const { n8n, simulator } = setup;
	const events = ['ai-deployment-session-started'];
	await publishTrigger(setup, { webhookId: 'bench', parameters: { events } });
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
	const names = ['ours', 'forged', 'a Webhook and a Code node'] as const;
	const what = 'One delivery and its execution';
	await inTurns({ what, unit: 'ms CPU', rounds, names }, async (name) => {
		const url = `${n8n.url}/webhook/${name.startsWith('a ') ? 'by-hand' : 'bench/webhook'}`;
		const how = name === 'forged' ? { signature: 'A'.repeat(342) + '==' } : {};
		const before = await untilQuiet(n8n.pid);
		for (let count = 0; count < DELIVERIES; count++) {
			const { status } = await simulator.deliver(url, eventBody(randomUUID(), 'started'), how);
			if (status !== (how.signature ? 401 : 200)) throw new PlainError(`${name}: n8n answered ${status}.`);
		}
		return ((await untilQuiet(n8n.pid)) - before) / DELIVERIES;
	});
}

/** From an agent's question to its answer: the tool trigger, and a webhook that is open to anyone. */
async function measureTools(setup: Setup, rounds: number): Promise<void> {
	const tool = { toolName: 'find_order', toolDescription: 'Finds an order.' };
	const asked = { ...tool, specifyParameters: 'json', jsonSchema: '{"type":"object"}' };
	const lookUp = jsonNode('Look up', "={{ { status: 'shipped' } }}");
	const trigger = ourNode(setup, 'Asked', 'videoSdkAgentCloudMcpTrigger', asked, { webhookId: 'tool' });
	const answer = ourNode(setup, 'Answer', 'videoSdkAgentCloud', { resource: 'tool', operation: 'answer' });
	await publish(setup.n8n, chain('Tool', [trigger, lookUp, answer]));
	const first = { respondWith: 'firstIncomingItem', options: {} };
	const respond = n8nNode('Respond', 'respondToWebhook', first, 1.1);
	await publishAnswering(setup, 'open', [lookUp, respond], 'responseNode');
	const url = `${setup.n8n.url}/webhook/tool/mcp`;
	await setup.n8n.rest.waitForWebhook(url);
	const access = { url, expiresAtS: Date.now() / 1000 + 86_400, context: {} };
	const headers = {
		accept: 'application/json, text/event-stream',
		authorization: `Bearer ${signToken(access, toolKey(setup.simulator.secret))}`,
	};
	const params = { name: 'find_order', arguments: {} };
	const question = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
	const names = ['ours', 'an open webhook'] as const;
	await inTurns({ what: "An agent's question", unit: 'ms', rounds: 5 * rounds, names }, async (name) => {
		await sleep(300);
		const [at, body] = name === 'ours' ? [url, question] : ['open', {}];
		return await call(setup, at, body, headers, /shipped/);
	});
}

/** What waiting executions cost n8n and the API, and how fast they end. */
async function measureWaits(setup: Setup): Promise<void> {
	const { n8n, simulator } = setup;
	const maxWait = { operation: 'startAndWait', maxWait: 24, maxWaitUnit: 'hours' };
	const wait = ourNode(setup, 'Wait', 'videoSdkAgentCloud', { ...SESSION, ...maxWait });
	const workflowId = await publishAnswering(setup, 'waits', [...counted(), wait], 'onReceived');
	for (const [executions, count] of [
		[100, 1],
		[1, 200],
	] as const) {
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
		printRow(`${what}: CPU of n8n in a minute`, 'ms CPU', { ours: [cpuMs(n8n.pid) - cpuBefore] });
		printRow(`${what}: requests to the API`, 'requests', { ours: [simulator.requests.length] });
		const endedAtMs = performance.now();
		for (const id of simulator.sessions.keys()) await simulator.emit(id, 'stopped');
		await until('success', before + executions);
		const seconds = (performance.now() - endedAtMs) / 1000;
		printRow(`${what}: from the first end to the last execution's`, 's', { ours: [seconds] });
		simulator.sessions.clear();
	}
}

const PARTS = {
	starts: measureStarts,
	deliveries: measureDeliveries,
	tools: measureTools,
	waits: measureWaits,
};

runMain(async () => {
	const { values } = parseArgs({
		options: {
			only: { type: 'string', default: Object.keys(PARTS).join(',') },
			rounds: { type: 'string', default: '9' },
		},
	});
	process.stdout.write(
		`n8n ${DEFAULT_N8N_VERSION}, commit ${describeCommit()}: median (smallest to largest)\n\n`,
	);
	// What docs/dev/queue-mode.md recommends can be set. The workflow built by hand verifies with crypto.
	const { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE = 'false' } = process.env;
	const env = { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE, NODE_FUNCTION_ALLOW_BUILTIN: 'crypto' };
	const setup = await setUp({ n8n: { env }, simulator: { lifecycle: false, deliveryTimeoutMs: 60_000 } });
	try {
		for (const name of values.only.split(',')) {
			const part = PARTS[name as keyof typeof PARTS];
			if (!part) throw new PlainError(`--only takes some of ${Object.keys(PARTS).join(', ')}, not ${name}.`);
			await part(setup, Number(values.rounds));
		}
	} finally {
		await setup.stop();
	}
	return 0;
});
