/** The least node that starts a session for each item, to which ours is compared. n8n loads it from N8N_CUSTOM_EXTENSIONS. */
const AT_ONCE = 100;

exports.LeastStart = class {
	description = {
		displayName: 'Least Start',
		name: 'leastStart',
		group: ['transform'],
		version: 1,
		description: 'Starts a session for each item, and checks nothing',
		defaults: { name: 'Least Start' },
		inputs: ['main'],
		outputs: ['main'],
		credentials: [{ name: 'videoSdkAgentCloudApi', required: true }],
		properties: [
			{ displayName: 'URL', name: 'url', type: 'string', default: '' },
			{ displayName: 'Deployment', name: 'deploymentId', type: 'string', default: '' },
			{ displayName: 'Tag', name: 'tag', type: 'string', default: '' },
		],
	};

	async execute() {
		const items = this.getInputData();
		const output = [];
		let next = 0;
		const startNext = async () => {
			while (next < items.length) {
				const index = next++;
				const url = this.getNodeParameter('url', index);
				const deploymentId = this.getNodeParameter('deploymentId', index);
				const body = { deploymentId, tag: this.getNodeParameter('tag', index) };
				const options = { method: 'POST', url, body, json: true };
				const { data } = await this.helpers.httpRequestWithAuthentication.call(
					this,
					'videoSdkAgentCloudApi',
					options,
				);
				output[index] = { json: data, pairedItem: { item: index } };
			}
		};
		await Promise.all(Array.from({ length: AT_ONCE }, startNext));
		return [output];
	}
};
