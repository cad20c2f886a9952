/** What the package's waiting takes from n8n, and nothing else: see n8nContract.e2e.ts. n8n loads it from N8N_CUSTOM_EXTENSIONS. */
const kept = {};

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
		properties: [{ displayName: 'Wait', name: 'waitMs', type: 'number', default: 0 }],
	};

	async execute() {
		kept.context = this;
		this.getContext('node').stored = 'in the context';
		this.getExecuteData().data.main = [[{ json: { replaced: true }, pairedItem: { item: 0 } }]];
		await this.putExecutionToWait(new Date(Date.now() + this.getNodeParameter('waitMs', 0)));
		return [[{ json: { ran: true } }]];
	}

	async webhook() {
		const { action, expression, items } = this.getBodyData();
		if (action === 'throw') throw new Error('thrown by the probe');
		const response = this.getResponseObject();
		response.setHeader('x-probe', 'ours');
		if (action === 'resume') {
			return { workflowData: [items.map((json) => ({ json, pairedItem: { item: 0 } }))] };
		}
		const answer =
			action === 'evaluate'
				? this.evaluateExpression(expression)
				: await kept.context.getCredentials('videoSdkAgentCloudApi', 0);
		response.status(200).json({ answer });
		return { noWebhookResponse: true };
	}
};
