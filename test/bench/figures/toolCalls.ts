import { publish, untilPublished } from '../../e2e/deliveries';
import { callTool, connectMcp } from '../../e2e/mcpClient';
import { chain, n8nNode, webhookNode } from '../../e2e/nodes';
import type { Setup } from '../../e2e/setup';
import { handOver, toolWorkflows } from '../../e2e/toolWorkflows';
import { PlainError } from '../../n8n/processes';
import { atOnce, type Figure, inTurns, type Measure } from '../figure';
import { withBoth } from '../stage';

const ORDER = { order_number: 'A-17' };

/** Publishes a tool, and connects to it as an agent does. */
async function toolOf(setup: Setup): Promise<Measure> {
	const url = `${setup.webhooksUrl}/webhook/tool-answered/mcp`;
	await publish(setup.n8n, toolWorkflows(setup, []).answered!);
	await setup.n8n.rest.waitForWebhook(url);
	const [tool] = await handOver(setup, [url]);
	const client = await connectMcp(tool!);
	return async () => {
		const sinceMs = performance.now();
		const { isError, text } = await callTool(client, 'find_order', ORDER);
		if (isError) throw new PlainError(`The tool answered: ${text}`);
		return performance.now() - sinceMs;
	};
}

/** The same with n8n's own nodes. */
async function webhookOf({ n8n, webhooksUrl }: Setup): Promise<Measure> {
	const webhook = webhookNode('order');
	Object.assign(webhook.parameters, { responseMode: 'responseNode' });
	const answer = { respondWith: 'json', responseBody: '={{ $json.body }}', options: {} };
	await publish(n8n, chain('order', [webhook, n8nNode('Answer', 'respondToWebhook', answer, 1.1)]));
	await untilPublished(webhooksUrl, 'order');
	return async () => {
		const sinceMs = performance.now();
		const headers = { 'content-type': 'application/json' };
		const request = { method: 'POST', headers, body: JSON.stringify(ORDER) };
		const response = await fetch(`${webhooksUrl}/webhook/order`, request);
		const text = await response.text();
		if (!response.ok) throw new PlainError(`The webhook answered: ${text}`);
		return performance.now() - sinceMs;
	};
}

export const toolCalls: Figure = {
	title: "An agent's tool calls",
	how: "From the request of an agent that is connected to its answer: the tool trigger and **Agent Tool: Answer**, beside n8n's Webhook and Respond to Webhook. Of several at once, the median of a round counts.",
	measure: async () =>
		await withBoth(async (setups) => {
			const rows = [];
			for (const [setting, setup] of setups) {
				const [ours, theirs] = [await toolOf(setup), await webhookOf(setup)];
				for (const count of [1, 10])
					rows.push({
						what: `${count} at once, ${setting}`,
						ours: async () => await atOnce(count, ours),
						peer: { name: 'Webhook', measure: async () => await atOnce(count, theirs) },
					});
			}
			return await inTurns(rows);
		}),
};
