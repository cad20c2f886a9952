/** What operations put out is in their schemas. `engine.ts` looks at each run of each test; here is what no other test puts out. */
import type { INodeParameters, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { VideoSdkAgentCloud } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloud.node';
import { VideoSdkAgentCloudTrigger } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloudTrigger.node';
import { schemaNames } from './outputSchema';
import { jsonOf, useRig } from './rig';

const optionsOf = (property: INodeProperties) =>
	(property.options as INodePropertyOptions[]).map(({ value }) => value);
const operations = new VideoSdkAgentCloud().description.properties
	.filter(({ name }) => name === 'operation')
	.flatMap((property) =>
		optionsOf(property).map((operation) => `${property.displayOptions?.show?.resource?.[0]}/${operation}`),
	)
	// It puts out what comes in.
	.filter((path) => path !== 'tool/answer');

const rig = useRig({ callBehaviour: false, transcriptionReadyMs: 0 });

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

it('recordings of each kind and transcriptions are described', async () => {
	const run = async (resource: string, operation: string, more: object = {}) =>
		expect(
			jsonOf(await rig.engine.run({ parameters: { resource, operation, ...more } as INodeParameters })),
		).not.toEqual([]);
	const of = { roomId: 'r', sessionId: 's' };
	for (const kind of ['room', 'participant', 'track', 'merge'] as const) {
		const { fileUrl } = rig.simulator.addRecording({ kind, ...of, participantId: 'p', readyAfterMs: 0 });
		await run('recording', 'getAll', { recordingType: kind === 'merge' ? 'merged' : kind });
		await run('recording', 'download', { url: fileUrl });
	}
	rig.simulator.addTranscription({ ...of, recordingId: 'x' });
	await new Promise((resolve) => setTimeout(resolve, 30));
	await run('transcription', 'getAll');
	await run('transcription', 'get', { roomId: 'r' });
});

it('rooms with all that they can have, and real-time transcriptions are described', async () => {
	const parameters: INodeParameters = {
		...{ resource: 'room', operation: 'create', recording: 'summarize' },
		...{ webhookUrl: 'https://n8n.example.com/webhook/1', webhookEvents: ['session-ended'] },
		options: { customRoomId: 'mine', geoFence: 'eu001' },
	};
	const [{ roomId } = {}] = jsonOf(await rig.engine.run({ parameters }));
	rig.simulator.joinRoom(String(roomId), { name: 'Jo' });
	for (const [resource, operation] of [
		['room', 'get'],
		['room', 'getAll'],
		['transcription', 'startRealtime'],
		['transcription', 'stopRealtime'],
		['room', 'endSession'],
		['room', 'deactivate'],
	]) {
		const of = { resource, operation, roomId } as INodeParameters;
		expect(jsonOf(await rig.engine.run({ parameters: of }))).toHaveLength(1);
	}
});
