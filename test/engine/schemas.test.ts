import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject, INodeParameters, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { VideoSdkAgentCloud } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloud.node';
import { VideoSdkAgentCloudTrigger } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloudTrigger.node';
import { byRule, TO } from './callRig';
import { byId, jsonOf, startParameters, useRig } from './rig';

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
	.filter(([, operation]) => operation !== 'answer');

const rig = useRig({ callBehaviour: false, transcriptionReadyMs: 0 });

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
	const run = async (parameters: IDataObject) =>
		jsonOf(await rig.engine.run({ parameters: parameters as INodeParameters }));
	const expectDescribed = async (resource: string, operation: string, fields: IDataObject = {}) => {
		const output = await run({ resource, operation, ...fields });
		expect(output.length).toBeGreaterThan(0);
		const known = propertiesOf(`v1.0.0/${resource}/${operation}`);
		for (const json of output) expect(known).toEqual(expect.arrayContaining(Object.keys(json)));
		return output;
	};
	const session = async () => ({ sessionId: await rig.existingSession() });
	const call = async () => {
		const [made] = await run(byRule());
		await rig.simulator.moveCall(String(made?.callId), 'answered');
		return { callId: made?.callId, transferTo: TO };
	};

	it.each<[string, string, () => IDataObject | Promise<IDataObject>]>([
		['session', 'start', () => ({ deploymentId: byId('ddv_support'), tag: 'v1' })],
		['session', 'end', session],
		['session', 'get', session],
		['session', 'getAll', session],
		['session', 'waitForStatus', async () => ({ ...(await session()), statuses: ['queued'] })],
		['deployment', 'create', () => ({ name: 'New', description: 'For a test' })],
		['deployment', 'get', () => ({ deploymentId: byId('ddv_support'), tag: 'v1' })],
		['deployment', 'getAll', () => ({ limit: 3 })],
		['agent', 'dispatch', () => ({ agentId: 'ag_1', meetingId: 'abcd-efgh-ijkl' })],
		['call', 'make', async () => ({ ...(await call()), ...byRule() })],
		['call', 'get', call],
		['call', 'getAll', call],
		['call', 'transfer', call],
		['call', 'hangUp', call],
	])('%s: %s', async (resource, operation, prepare) => {
		await expectDescribed(resource, operation, await prepare());
	});

	it('rooms and sessions in them', async () => {
		const [room] = await expectDescribed('room', 'create', {
			recording: 'summarize',
			webhookUrl: 'https://n8n.example.com/webhook/1',
			webhookEvents: ['session-ended'],
			options: { customRoomId: 'mine', geoFence: 'eu001' },
		});
		const roomId = String(room?.roomId);
		await expectDescribed('room', 'get', { roomId });
		await expectDescribed('room', 'getAll');
		await expectDescribed('room', 'getAll', { simplify: false });
		await expectDescribed('session', 'start', startParameters({ options: { roomId } }));
		rig.simulator.joinRoom(roomId, { name: 'Jo' });
		await expectDescribed('transcription', 'startRealtime', { roomId });
		await expectDescribed('transcription', 'stopRealtime', { roomId });
		await expectDescribed('room', 'endSession', { roomId });
		await expectDescribed('room', 'deactivate', { roomId });
	});

	it('recordings and transcriptions', async () => {
		const of = { roomId: 'r', sessionId: 's' };
		for (const kind of ['room', 'participant', 'track', 'merge'] as const) {
			const made = rig.simulator.addRecording({ kind, ...of, participantId: 'p', readyAfterMs: 0 });
			const recordingType = kind === 'merge' ? 'merged' : kind;
			await expectDescribed('recording', 'getAll', { recordingType });
			await expectDescribed('recording', 'download', { url: made.fileUrl });
		}
		rig.simulator.addTranscription({ ...of, recordingId: 'x' });
		await new Promise((resolve) => setTimeout(resolve, 30));
		await expectDescribed('transcription', 'getAll');
		await expectDescribed('transcription', 'get', { roomId: 'r' });
	});
});
