import { publish, untilPublished } from '../../e2e/deliveries';
import { FarN8n } from '../../e2e/farN8n';
import { callTool, connectMcp } from '../../e2e/mcpClient';
import { chain, n8nNode, webhookNode } from '../../e2e/nodes';
import type { Setup } from '../../e2e/setup';
import { handOver, toolWorkflows } from '../../e2e/toolWorkflows';
import { PlainError } from '../../n8n/processes';
import type { HandedTool } from '../../simulator/toolAgent';
import { atOnce, type Figure, inTurns, type Measure } from '../figure';
import { withBoth } from '../stage';

const ORDER = { order_number: 'A-17' };
/** How far away n8n is. */
const DELAYS_MS = [50, 100];

async function publishTool(setup: Setup): Promise<HandedTool> {
	const url = `${setup.webhooksUrl}/webhook/tool-answered/mcp`;
	await publish(setup.n8n, toolWorkflows(setup, []).answered!);
	await setup.n8n.rest.waitForWebhook(url);
	const [tool] = await handOver(setup, [url]);
	return tool!;
}

/** Connects to a tool as an agent does. Each use is one request then, on a connection that is kept. */
async function useOf(tool: HandedTool): Promise<Measure> {
	const client = await connectMcp(tool);
	return async () => {
		const sinceMs = performance.now();
		const { isError, text } = await callTool(client, 'find_order', ORDER);
		if (isError) throw new PlainError(`The tool answered: ${text}`);
		return performance.now() - sinceMs;
	};
}

/** The same with n8n's own nodes. */
async function publishWebhook({ n8n, webhooksUrl }: Setup): Promise<void> {
	const webhook = webhookNode('order');
	Object.assign(webhook.parameters, { responseMode: 'responseNode' });
	const answer = { respondWith: 'json', responseBody: '={{ $json.body }}', options: {} };
	await publish(n8n, chain('order', [webhook, n8nNode('Answer', 'respondToWebhook', answer, 1.1)]));
	await untilPublished(webhooksUrl, 'order');
}

const webhookAt =
	(origin: string): Measure =>
	async () => {
		const sinceMs = performance.now();
		const headers = { 'content-type': 'application/json' };
		const request = { method: 'POST', headers, body: JSON.stringify(ORDER) };
		const response = await fetch(`${origin}/webhook/order`, request);
		const text = await response.text();
		if (!response.ok) throw new PlainError(`The webhook answered: ${text}`);
		return performance.now() - sinceMs;
	};

export const toolCalls: Figure = {
	title: "An agent's tool calls",
	how: "From the request of an agent that is connected to its answer: the tool trigger and **Agent Tool: Answer**, beside n8n's Webhook and Respond to Webhook. Of several at once, the median of a round counts. Where n8n is farther away, each request takes so much longer, on a connection that is kept open, as this package's agent keeps it.",
	measure: async () =>
		await withBoth(async (setups) => {
			const rows = [];
			const far: FarN8n[] = [];
			for (const [setting, setup] of setups) {
				const tool = await publishTool(setup);
				await publishWebhook(setup);
				const [ours, theirs] = [await useOf(tool), webhookAt(setup.webhooksUrl)];
				for (const count of [1, 10])
					rows.push({
						what: `${count} at once, ${setting}`,
						ours: async () => await atOnce(count, ours),
						peer: { name: 'Webhook', measure: async () => await atOnce(count, theirs) },
					});
				for (const delayMs of DELAYS_MS) {
					const there = await new FarN8n(setup.webhooksUrl, delayMs).listen();
					far.push(there);
					rows.push({
						what: `1, with n8n ${delayMs} ms away, ${setting}`,
						ours: await useOf(there.reach(tool)),
						peer: { name: 'Webhook', measure: webhookAt(there.origin) },
					});
				}
			}
			try {
				return await inTurns(rows);
			} finally {
				for (const there of far) await there.close();
			}
		}),
};
