/** Each operation has a schema of its output. `engine.ts` holds the output of each run of each test against it. */
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { VideoSdkAgentCloud } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloud.node';
import { VideoSdkAgentCloudTrigger } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloudTrigger.node';
import { schemaNames } from './outputSchema';

const optionsOf = (property: INodeProperties) =>
	(property.options as INodePropertyOptions[]).map(({ value }) => value);
const operations = new VideoSdkAgentCloud().description.properties
	.filter(({ name }) => name === 'operation')
	.flatMap((property) =>
		optionsOf(property).map((operation) => `${property.displayOptions?.show?.resource?.[0]}/${operation}`),
	)
	// It puts out what comes in.
	.filter((path) => path !== 'tool/answer');

it.each(operations)('%s has an output schema', (path) => {
	expect(schemaNames(`v1.0.0/${path}`)?.length).toBeGreaterThan(1);
});

it('each version of the trigger has an output schema', () => {
	const { version } = new VideoSdkAgentCloudTrigger().description;
	const names = ['event', 'webhookType', 'sessionId', 'data', 'eventId', 'receivedAt', 'session'];
	expect(version).toEqual([1, 1.1]);
	for (const number of [version].flat()) {
		expect(schemaNames(`v${number.toFixed(1)}.0`)).toEqual(expect.arrayContaining(names));
	}
});
