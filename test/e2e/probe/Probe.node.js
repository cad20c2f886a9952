/** What the package's waiting takes from n8n, and nothing else: see n8nContract.e2e.ts. n8n loads it from N8N_CUSTOM_EXTENSIONS. */
const kept = {};
/** By what n8n runs the node with. */
const tries = new WeakMap();

const ACTIONS = {
	/** As n8n/waitingState.ts reads it. */
	stored(webhook) {
		const { contextData, nodeExecutionStack } = webhook.runExecutionData.executionData;
		const { name } = webhook.getNode();
		const [{ node, data }] = nodeExecutionStack;
		return {
			text: contextData[`node:${name}`].stored,
			node: node.name,
			items: data.main[0].map(({ json }) => json),
		};
	},
	/** As n8n/detached.ts does it. Tells how long a request took that was aborted after 200 ms. */
	async abort(_webhook, context, url) {
		const controller = new AbortController();
		const detached = Object.create(context, { getExecutionCancelSignal: { value: () => controller.signal } });
		setTimeout(() => controller.abort(), 200);
		const sinceMs = Date.now();
		const options = { url, timeout: 60_000, abortSignal: controller.signal };
		await context.helpers.httpRequestWithAuthentication
			.call(detached, 'videoSdkAgentCloudApi', options)
			.catch(() => undefined);
		return Date.now() - sinceMs;
	},
	async credential(_webhook, context) {
		return await context.getCredentials('videoSdkAgentCloudApi', 0);
	},
};

exports.Probe = class {
	description = {
		displayName: 'Probe',
		name: 'probe',
		group: ['transform'],
		version: 1,
		description: 'Waits as the package does',
		defaults: { name: 'Probe' },
		inputs: ['main'],
		outputs: ['main'],
		credentials: [{ name: 'videoSdkAgentCloudApi', required: true }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				responseData: 'noData',
				path: 'probe',
				restartWebhook: true,
			},
		],
		properties: [
			{ displayName: 'Wait', name: 'waitMs', type: 'number', default: 0 },
			{ displayName: 'Does', name: 'does', type: 'string', default: 'waits' },
		],
	};

	async execute() {
		const does = this.getNodeParameter('does', 0);
		// As actions/start/startKey.ts reads it.
		const { retryOf } = this.additionalData.hooks;
		if (this.getMode() === 'retry') return [[{ json: { retryOf } }]];
		if (does === 'hangs') await new Promise(() => undefined);
		if (does === 'fails') {
			// As n8n/lastTry.ts counts.
			const data = this.getExecuteData();
			tries.set(data, (tries.get(data) ?? 0) + 1);
			throw new Error(`failed in try ${tries.get(data)}`);
		}
		kept.context = this;
		this.getContext('node').stored = 'in the context';
		this.getExecuteData().data.main = [[{ json: { replaced: true }, pairedItem: { item: 0 } }]];
		await this.putExecutionToWait(new Date(Date.now() + this.getNodeParameter('waitMs', 0)));
		return [[{ json: { ran: true } }]];
	}

	async webhook() {
		const { action, items, url } = this.getBodyData();
		if (action === 'throw') throw new Error('thrown by the probe');
		const response = this.getResponseObject();
		response.setHeader('x-probe', 'ours');
		if (action === 'resume')
			return { workflowData: [items.map((json) => ({ json, pairedItem: { item: 0 } }))] };
		const answer = await ACTIONS[action](this, kept.context, url);
		response.status(200).json({ answer });
		return { noWebhookResponse: true };
	}
};
