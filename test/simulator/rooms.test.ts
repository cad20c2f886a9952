import { VideoSDK } from '@videosdk.live/server-sdk';
import type { Simulator } from './index';
import { bodies, call, receiver, start, until, type Receiver } from './testRig';

const RULE = { routingRuleId: 'rule_out_01', sipCallFrom: '+15550102001' };
const SESSIONS = '/ai/v1/ai-deployment-sessions';
const RECORDED = { recording: { transcription: { enabled: true, summary: { enabled: true } } } };

const makeRoom = async (simulator: Simulator, body: object = {}): Promise<string> =>
	(await call(simulator, 'POST', '/v2/rooms', body)).json.roomId;

const startSession = async (simulator: Simulator, roomId: string): Promise<string> => {
	const body = { deploymentId: 'ddv_support', env: { VIDEOSDK_ROOM_ID: roomId } };
	return (await call(simulator, 'POST', `${SESSIONS}/start`, body)).json.data.sessionId;
};

const types = (hook: Receiver): string[] => bodies(hook).map(({ webhookType }) => webhookType);

describe('a whole conversation', () => {
	it('joins session, call, room, recording and transcript', async () => {
		const hook = await receiver();
		const simulator = await start({
			lifecycle: { startingMs: 0, startedMs: 10, stoppingMs: null, stoppedMs: null },
			callBehaviour: { talkMs: 20 },
			recordingReadyMs: 0,
			transcriptionReadyMs: 0,
		});
		const roomId = await makeRoom(simulator, {
			webhook: { endPoint: hook.url, events: ['*'] },
			autoStartConfig: RECORDED,
		});
		const sessionId = await startSession(simulator, roomId);
		await until(() => simulator.roomSessions.size === 1, 'the room session');
		const [ongoing] = (await call(simulator, 'GET', `/v2/sessions?roomId=${roomId}&status=ongoing`)).json
			.data;
		expect(ongoing.participants).toMatchObject([
			{ participantId: `agent-${sessionId}`, name: 'Support agent' },
		]);
		const made = await call(simulator, 'POST', '/v2/sip/call', {
			...RULE,
			sipCallTo: '+15550003000',
			destinationRoomId: roomId,
			waitUntilAnswered: true,
		});
		expect(made.json.data.sessionId).toBe(ongoing.id);
		await until(() => simulator.calls.get(made.json.data.callId)?.status === 'ended', 'the call ends');
		expect(simulator.roomSessions.get(ongoing.id)?.status).toBe('ongoing');
		await call(simulator, 'POST', `${SESSIONS}/end`, { sessionId });
		expect(simulator.roomSessions.get(ongoing.id)?.status).toBe('ended');

		const recordings = await call(
			simulator,
			'GET',
			`/v2/recordings?roomId=${roomId}&sessionId=${ongoing.id}`,
		);
		const [{ id: recordingId }] = recordings.json.data;
		const POST = '/ai/v1/post-transcriptions';
		const { transcriptions } = (await call(simulator, 'GET', `${POST}?roomId=${roomId}`)).json;
		const { id } = transcriptions[0];
		expect(transcriptions).toMatchObject([{ recordingId, sessionId: ongoing.id }]);
		await until(() => types(hook).length === 12, 'the events');
		const { json } = await call(simulator, 'GET', `${POST}/${id}`);
		expect(json.status).toBe('completed');
		const read = async (url: string): Promise<string> => await (await fetch(url)).text();
		expect(await read(json.transcriptionFilePaths.txt)).toMatch(/^Agent: .*café.*\nCaller: /);
		expect(await read(json.transcriptionFilePaths.srt)).toMatch(/^1\n00:00:00,000 --> 00:00:02,100\nAgent: /);
		expect(JSON.parse(await read(json.transcriptionFilePaths.json))).toHaveLength(3);
		expect(await read(json.summarizedFilePaths.txt)).toMatch(/booked/);
		// Sent at the same moment, so their order is not certain.
		expect(types(hook).sort()).toEqual(
			[
				...['session-started', 'session-ended', 'recording-started', 'recording-stopped'],
				...['transcription-started', 'transcription-stopped'],
				...[1, 2, 3].flatMap(() => ['participant-joined', 'participant-left']),
			].sort(),
		);
	});

	it('ends everywhere with the session of the room', async () => {
		const simulator = await start({
			lifecycle: { startingMs: 0, startedMs: 0, stoppingMs: null, stoppedMs: null },
			callBehaviour: { talkMs: null },
		});
		const roomId = await makeRoom(simulator);
		const sessionId = await startSession(simulator, roomId);
		const { callId } = (
			await call(simulator, 'POST', '/v2/sip/call', {
				...RULE,
				sipCallTo: '+15550003000',
				destinationRoomId: roomId,
				waitUntilAnswered: true,
			})
		).json.data;
		const ended = await call(simulator, 'POST', '/v2/sessions/end', { roomId });
		expect(ended.json).toMatchObject({ roomId, status: 'ended', end: expect.any(String) });
		expect(simulator.calls.get(callId)?.status).toBe('ended');
		await until(() => simulator.sessions.get(sessionId)?.status === 'stopped', 'the agent stops');
		expect(simulator.roomSessions.size).toBe(1);
	});
});

describe('a call in a room of its own', () => {
	const TO = '+15550003000';
	const make = async (simulator: Simulator, destinationRoomId: string, more: object = {}) =>
		await call(simulator, 'POST', '/v2/sip/call', { sipCallTo: TO, ...RULE, destinationRoomId, ...more });

	it('has the room send its events, which the official SDK accepts', async () => {
		const hook = await receiver();
		const simulator = await start({ callBehaviour: { talkMs: 20 } });
		const events = ['session-started', 'session-ended', 'participant-*'];
		const roomId = await makeRoom(simulator, { webhook: { endPoint: hook.url, events } });
		const { callId } = (await make(simulator, roomId, { waitUntilAnswered: true })).json.data;
		await until(() => types(hook).includes('session-ended'), 'the end');
		await until(() => hook.received.length === 6, 'all events');
		const { sessionId } = simulator.calls.get(callId)!;
		const sdk = new VideoSDK({ apiKey: simulator.apiKey, secret: simulator.secret });
		for (const { body, headers } of hook.received) {
			const signature = headers['videosdk-signature'];
			const event = sdk.webhooks.verifySync(body, signature, simulator.publicKeyPem);
			expect(event.data).toMatchObject({ meetingId: roomId, sessionId });
		}
	});

	it.each(['missed', 'rejected'] as const)('sends none when the call was %s', async (outcome) => {
		const hook = await receiver();
		const simulator = await start({ callBehaviour: { ringForMs: 0, outcome } });
		const roomId = await makeRoom(simulator, { webhook: { endPoint: hook.url, events: ['*'] } });
		expect((await make(simulator, roomId, { waitUntilAnswered: true })).json.data.status).toBe(outcome);
		expect(simulator.roomSessions.size).toBe(0);
		expect(hook.received).toEqual([]);
	});

	it('has recording, transcript and summary some time after its end, one after the other', async () => {
		const simulator = await start({
			callBehaviour: false,
			recordingReadyMs: 0,
			transcriptionReadyMs: 20,
			summaryReadyMs: 40,
		});
		const roomId = await makeRoom(simulator, { autoStartConfig: RECORDED });
		const { callId } = (await make(simulator, roomId)).json.data;
		await simulator.moveCall(callId, 'answered');
		await simulator.moveCall(callId, 'ended');
		expect([...simulator.recordings.values()]).toMatchObject([{ roomId }]);
		const [made] = simulator.transcriptions.values();
		expect(made).toMatchObject({ status: 'pending', transcriptionFilePaths: {} });
		await until(() => made?.status === 'completed', 'the transcript');
		expect(made).toMatchObject({
			transcriptionFilePaths: { txt: expect.any(String) },
			summarizedFilePaths: {},
		});
		await until(() => made?.summarizedFilePaths.txt !== undefined, 'the summary');
	});

	it('is refused if the room is not there, or was deactivated', async () => {
		const simulator = await start({ callBehaviour: false });
		expect(await make(simulator, 'no-such-room')).toMatchObject({
			status: 404,
			json: { message: 'Room not found' },
		});
		const roomId = await makeRoom(simulator, { customRoomId: 'desk' });
		expect((await make(simulator, 'desk')).json.data.roomId).toBe(roomId);
		await call(simulator, 'POST', '/v2/rooms/deactivate', { roomId });
		expect((await make(simulator, roomId)).status).toBe(402);
		expect(simulator.calls.size).toBe(1);
	});
});
