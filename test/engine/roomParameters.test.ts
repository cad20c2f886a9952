/** Rooms, recordings and transcriptions: what workflows hold of them, what comes out, and what an AI agent is told. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { VideoSdkAgentCloud } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloud.node';
import { jsonOf, startParameters, useRig } from './rig';

const rig = useRig({ transcriptionReadyMs: 0 });
const { description } = new VideoSdkAgentCloud();
const NO_URL = { __rl: true, mode: 'list', value: '' };
const LIST = { returnAll: false, limit: 50 };

const filled = (given: INodeParameters): INodeParameters | null =>
	NodeHelpers.getNodeParameters(description.properties, given, true, false, { typeVersion: 1 }, description);

describe('A new node has these parameters:', () => {
	const room: INodeParameters = { resource: 'room' };
	const cases: Array<[INodeParameters, INodeParameters]> = [
		[
			{ ...room, operation: 'create' },
			{ recording: 'none', webhookUrl: NO_URL, context: {}, options: {} },
		],
		[
			{ ...room, operation: 'create', recording: 'summarize' },
			{ summaryPrompt: '', webhookUrl: NO_URL, context: {}, options: {} },
		],
		[
			{ ...room, operation: 'get' },
			{ roomId: '', options: {} },
		],
		[
			{ ...room, operation: 'deactivate' },
			{ roomId: '', options: {} },
		],
		[
			{ ...room, operation: 'endSession' },
			{ roomId: '', options: {} },
		],
		[
			{ ...room, operation: 'getAll' },
			{ ...LIST, simplify: true, options: {} },
		],
		[
			{ resource: 'recording', operation: 'getAll' },
			{ recordingType: 'room', ...LIST, filters: {}, options: {} },
		],
		[
			{ resource: 'recording', operation: 'download' },
			{ url: '', binaryPropertyName: 'data', options: {} },
		],
		[
			{ resource: 'transcription', operation: 'get' },
			{ getBy: 'room', roomId: '', includeText: true, waitUntilReady: false, options: {} },
		],
		[
			{ resource: 'transcription', operation: 'get', getBy: 'id', waitUntilReady: true },
			{
				transcriptionId: '',
				includeText: true,
				maxWait: 1,
				maxWaitUnit: 'hours',
				pollInterval: 10,
				options: {},
			},
		],
		[
			{ resource: 'transcription', operation: 'getAll' },
			{ ...LIST, filters: {}, options: {} },
		],
		[
			{ resource: 'transcription', operation: 'startRealtime' },
			{ roomId: '', options: {} },
		],
		[
			{ resource: 'transcription', operation: 'stopRealtime' },
			{ roomId: '', options: {} },
		],
	];

	it.each(cases)('%j', (given, more) => {
		expect(filled(given)).toEqual({ ...given, ...more });
	});

	it('the room of a session, and what is kept of the talk in a new one', () => {
		const start = { resource: 'session', operation: 'start' };
		for (const [given, shown] of [
			[{}, []],
			[{ room: 'existing' }, ['roomId']],
			[{ room: 'create' }, ['recording']],
			[{ room: 'create', recording: 'summarize' }, ['recording', 'summaryPrompt']],
		] as Array<[INodeParameters, string[]]>) {
			const names = Object.keys(filled({ ...start, ...given }) ?? {});
			const own = ['roomId', 'recording', 'summaryPrompt'].filter((name) => names.includes(name));
			expect([given, own]).toEqual([given, shown]);
		}
	});

	it('the events of a room once there is a URL', () => {
		expect(
			filled({ resource: 'room', operation: 'create', webhookUrl: 'https://n8n.example.com/webhook/1' }),
		).toMatchObject({ webhookEvents: ['session-ended', 'recording-stopped', 'transcription-stopped'] });
	});
});

describe('What an operation puts out is in its schema:', () => {
	const keysOf = (path: string): string[] => {
		const file = join(__dirname, `../../dist/nodes/VideoSdkAgentCloud/__schema__/v1.0.0/${path}.json`);
		return Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { properties: object }).properties);
	};
	const expectDescribed = async (parameters: INodeParameters): Promise<IDataObject[]> => {
		const output = jsonOf(await rig.engine.run({ parameters }));
		expect(output.length).toBeGreaterThan(0);
		const known = keysOf(`${String(parameters.resource)}/${String(parameters.operation)}`);
		for (const json of output) expect(known).toEqual(expect.arrayContaining(Object.keys(json)));
		return output;
	};

	it('rooms and sessions in them', async () => {
		const [room] = await expectDescribed({
			resource: 'room',
			operation: 'create',
			recording: 'summarize',
			webhookUrl: 'https://n8n.example.com/webhook/1',
			webhookEvents: ['session-ended'],
			options: { customRoomId: 'mine', geoFence: 'eu001' },
		});
		const roomId = String(room?.roomId);
		await expectDescribed({ resource: 'room', operation: 'get', roomId });
		await expectDescribed({ resource: 'room', operation: 'getAll' });
		await expectDescribed({ resource: 'room', operation: 'getAll', simplify: false });
		await expectDescribed(startParameters({ room: 'existing', roomId }));
		rig.simulator.joinRoom(roomId, { name: 'Jo' });
		await expectDescribed({ resource: 'transcription', operation: 'startRealtime', roomId });
		await expectDescribed({ resource: 'transcription', operation: 'stopRealtime', roomId });
		await expectDescribed({ resource: 'room', operation: 'endSession', roomId });
		await expectDescribed({ resource: 'room', operation: 'deactivate', roomId });
	});

	it('recordings and transcriptions', async () => {
		for (const kind of ['room', 'participant', 'track', 'merge'] as const) {
			const { fileUrl } = rig.simulator.addRecording({
				kind,
				roomId: 'r',
				sessionId: 's',
				participantId: 'p',
				readyAfterMs: 0,
			});
			const recordingType = kind === 'merge' ? 'merged' : kind;
			await expectDescribed({ resource: 'recording', operation: 'getAll', recordingType });
			await expectDescribed({ resource: 'recording', operation: 'download', url: fileUrl });
		}
		rig.simulator.addTranscription({ roomId: 'r', sessionId: 's', recordingId: 'x' });
		await new Promise((resolve) => setTimeout(resolve, 30));
		await expectDescribed({ resource: 'transcription', operation: 'getAll' });
		await expectDescribed({ resource: 'transcription', operation: 'get', roomId: 'r' });
	});
});

describe('An AI agent', () => {
	it('does not wait for a transcription', () => {
		const get: INodeParameters = { resource: 'transcription', operation: 'get', roomId: 'r' };
		const asTool = { ...description, name: 'videoSdkAgentCloudTool' };
		const parameters = NodeHelpers.getNodeParameters(
			description.properties,
			{ ...get, waitUntilReady: true },
			true,
			false,
			{ typeVersion: 1 },
			asTool,
		);
		expect(parameters).toHaveProperty('includeText', true);
		expect(parameters).not.toHaveProperty('waitUntilReady');
		expect(parameters).not.toHaveProperty('maxWait');
	});
});
