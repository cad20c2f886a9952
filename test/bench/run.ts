/** `npm run bench`: how fast many sessions start in a real n8n, beside n8n's HTTP Request node. Prints a row of a Markdown table. */
import { execFileSync } from 'node:child_process';
import { publish, untilPublished } from '../e2e/deliveries';
import {
	actionNode,
	chain,
	CREDENTIAL_TYPE,
	itemNodes,
	n8nNode,
	ourCredential,
	webhookNode,
} from '../e2e/nodes';
import { setUp, type Setup } from '../e2e/setup';
import { PlainError, runMain } from '../n8n/processes';
import { DEFAULT_N8N_VERSION } from '../n8n/runtime';

const ROUNDS = 9;
const STARTS = 300;
const API_LATENCY_MS = 50;
const SESSION = { deploymentId: 'ddv_support', tag: 'v1' };

const rounded = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US');

/** Measures things in turns (A B, B A, ...), so that whatever disturbs the machine meets them alike, and prints a row. */
async function inTurns(what: string, names: string[], measure: (name: string) => Promise<unknown>) {
	const values = new Map(names.map((name) => [name, [] as number[]]));
	// In the first round, connections and code get warm.
	for (let round = 0; round <= ROUNDS; round++) {
		for (let place = 0; place < names.length; place++) {
			const name = names[(place + round) % names.length]!;
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

async function measureStarts(setup: Setup): Promise<void> {
	const { n8n, simulator } = setup;
	const request = {
		...{ authentication: 'predefinedCredentialType', nodeCredentialType: CREDENTIAL_TYPE },
		...{ method: 'POST', url: `${simulator.url}/ai/v1/ai-deployment-sessions/start` },
		...{ sendBody: true, specifyBody: 'json', jsonBody: JSON.stringify(SESSION), options: {} },
	};
	const byRequest = n8nNode('Start', 'httpRequest', request, 4.2);
	const nodes = {
		ours: actionNode(setup, 'Start', { ...SESSION, resource: 'session', operation: 'start' }),
		'HTTP-Request': { ...byRequest, credentials: ourCredential(setup.credentialId) },
	};
	const items = itemNodes(Array.from({ length: STARTS }, (_, number) => ({ number })));
	for (const [path, node] of Object.entries(nodes)) {
		const webhook = webhookNode(path);
		// Answered by the end of the workflow, with little.
		Object.assign(webhook.parameters, { responseMode: 'lastNode' });
		const last = n8nNode('One', 'limit', { maxItems: 1 });
		await publish(n8n, chain(path, [webhook, ...items, node, last]));
		await untilPublished(n8n.url, path);
	}
	const what = `${STARTS} starts, the API answers in ${API_LATENCY_MS} ms`;
	await inTurns(what, Object.keys(nodes), async (path) => {
		simulator.requests.length = 0;
		const { status } = await n8n.rest.triggerByWebhook(path);
		const { length } = simulator.requests;
		if (status !== 200 || length !== STARTS)
			throw new PlainError(`"${path}" made ${length} requests, and answered ${status}.`);
	});
}

runMain(async () => {
	const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
	process.stdout.write(`n8n ${DEFAULT_N8N_VERSION}, commit ${commit}: median (smallest to largest)\n\n`);
	const setup = await setUp({ simulator: { lifecycle: false, latencyMs: API_LATENCY_MS } });
	try {
		await measureStarts(setup);
	} finally {
		await setup.stop();
	}
	return 0;
});
