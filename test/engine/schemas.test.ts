import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject, INodeParameters, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { VideoSdkAgentCloud } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloud.node';
import { VideoSdkAgentCloudTrigger } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloudTrigger.node';
import { byId, jsonOf, useRig } from './rig';

// Where n8n looks for them: beside the node that it has loaded, by version, resource and operation.
const FOLDER = join(__dirname, '../../dist/nodes/VideoSdkAgentCloud/__schema__');

function propertiesOf(path: string): string[] {
	const schema = JSON.parse(readFileSync(join(FOLDER, `${path}.json`), 'utf8')) as { properties: object };
	return Object.keys(schema.properties);
}

const properties = new VideoSdkAgentCloud().description.properties;
const optionsOf = (property: INodeProperties) =>
	(property.options as INodePropertyOptions[]).map(({ value }) => value);
const operations = properties
	.filter(({ name }) => name === 'operation')
	.flatMap((property) =>
		optionsOf(property).map((operation) => [String(property.displayOptions?.show?.resource?.[0]), operation]),
	)
	// It puts out what comes in.
	.filter(([, operation]) => operation !== 'answerTool');

const rig = useRig();

it.each(operations)('%s: %s has an output schema', (resource, operation) => {
	expect(propertiesOf(`v1.0.0/${resource}/${operation}`).length).toBeGreaterThan(1);
});

it('each version of the trigger has an output schema', () => {
	const { version } = new VideoSdkAgentCloudTrigger().description;
	const schemas = [version].flat().map((number) => propertiesOf(`v${number.toFixed(1)}.0`));
	expect(schemas).toHaveLength(2);
	for (const schema of schemas) {
		expect(schema).toEqual(
			expect.arrayContaining([
				'event',
				'webhookType',
				'sessionId',
				'data',
				'eventId',
				'receivedAt',
				'session',
			]),
		);
	}
});

describe('What an operation puts out is in its schema', () => {
	const cases: Array<[string, string, (sessionId: string) => IDataObject]> = [
		['session', 'start', () => ({ deploymentId: byId('ddv_support'), tag: 'v1' })],
		['session', 'end', (sessionId) => ({ sessionId })],
		['session', 'get', (sessionId) => ({ sessionId })],
		['session', 'getAll', () => ({ returnAll: true })],
		['session', 'waitForStatus', (sessionId) => ({ sessionId, statuses: ['queued'] })],
		['deployment', 'create', () => ({ name: 'New', description: 'For a test' })],
		['deployment', 'get', () => ({ deploymentId: byId('ddv_support'), tag: 'v1' })],
		['deployment', 'getAll', () => ({ limit: 3 })],
		['agent', 'dispatch', () => ({ agentId: 'ag_1', meetingId: 'abcd-efgh-ijkl' })],
	];

	it.each(cases)('%s: %s', async (resource, operation, fields) => {
		const parameters = { resource, operation, ...fields(await rig.existingSession()) } as INodeParameters;
		const output = jsonOf(await rig.engine.run({ parameters }));
		expect(output.length).toBeGreaterThan(0);
		for (const json of output) {
			expect(propertiesOf(`v1.0.0/${resource}/${operation}`)).toEqual(
				expect.arrayContaining(Object.keys(json)),
			);
		}
	});
});
