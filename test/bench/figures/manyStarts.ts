import { publish, untilPublished } from '../../e2e/deliveries';
import {
	actionNode,
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
import { type Figure, inTurns, type Measure } from '../figure';
import { withN8n } from '../stage';

const STARTS = 300;
const API_LATENCY_MS = 50;
const SESSION = { deploymentId: 'ddv_support', tag: 'v1' };

/** Publishes a node that starts all, behind a webhook that answers when they are started. */
async function startAll({ n8n, simulator }: Setup, path: string, node: WorkflowNode): Promise<Measure> {
	const webhook = webhookNode(path);
	Object.assign(webhook.parameters, { responseMode: 'lastNode' });
	const items = itemNodes(Array.from({ length: STARTS }, (_, number) => ({ number })));
	// The answer is small.
	const last = n8nNode('One', 'limit', { maxItems: 1 });
	await publish(n8n, chain(path, [webhook, ...items, node, last]));
	await untilPublished(n8n.url, path);
	return async () => {
		simulator.requests.length = 0;
		const sinceMs = performance.now();
		const { status } = await n8n.rest.triggerByWebhook(path);
		const ms = performance.now() - sinceMs;
		const { length } = simulator.requests;
		if (status !== 200 || length !== STARTS)
			throw new PlainError(`"${path}" made ${length} requests, and answered ${status}.`);
		return ms;
	};
}

export const manyStarts: Figure = {
	title: 'Many starts in one node',
	how: `From the webhook to its answer, when a node has started a session for each of ${STARTS} items, and the API answers in ${API_LATENCY_MS} ms.`,
	measure: async () =>
		await withN8n({ lifecycle: false, latencyMs: API_LATENCY_MS }, async (setup) => {
			const request = {
				authentication: 'predefinedCredentialType',
				nodeCredentialType: CREDENTIAL_TYPE,
				method: 'POST',
				url: `${setup.simulator.url}/ai/v1/ai-deployment-sessions/start`,
				sendBody: true,
				specifyBody: 'json',
				jsonBody: JSON.stringify(SESSION),
				options: {},
			};
			const byRequest = {
				...n8nNode('Start', 'httpRequest', request, 4.2),
				credentials: ourCredential(setup.credentialId),
			};
			const start = actionNode(setup, 'Start', { ...SESSION, resource: 'session', operation: 'start' });
			return await inTurns([
				{
					what: `**Session: Start** with ${STARTS} items`,
					ours: await startAll(setup, 'ours', start),
					peer: { name: 'HTTP Request', measure: await startAll(setup, 'http-request', byRequest) },
				},
			]);
		}),
};
