import { createHash } from 'node:crypto';
import type { Simulator, SimulatorOptions } from './index';
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

describe('rooms', () => {
	it('tell their webhook what it asked for, with the room and the session', async () => {
		const hook = await receiver();
		const simulator = await start();
		const webhook = { endPoint: hook.url, events: ['session-ended', 'participant-*'] };
		const roomId = await makeRoom(simulator, { webhook });
		const { id: sessionId } = simulator.joinRoom(roomId, { participantId: 'p', name: 'Jo' });
		simulator.joinRoom(roomId, { participantId: 'p' });
		simulator.leaveRoom(roomId, 'p');
		await until(() => hook.received.length === 3, 'three events');
		const about = { meetingId: roomId, sessionId };
		const participant = { participantId: 'p', participantName: 'Jo' };
		expect(bodies(hook)).toEqual(
			expect.arrayContaining([
				{ webhookType: 'participant-joined', data: { ...about, ...participant } },
				{ webhookType: 'participant-left', data: { ...about, ...participant, reason: 'leave' } },
				{ webhookType: 'session-ended', data: expect.objectContaining({ ...about, error: null }) },
			]),
		);
		await until(() => simulator.deliveries.length === 3, 'three answers');
		expect(simulator.deliveries.map((delivery) => delivery.roomId)).toEqual([roomId, roomId, roomId]);
		simulator.joinRoom(roomId);
		await call(simulator, 'POST', '/v2/rooms/deactivate', { roomId });
		expect([...simulator.roomSessions.values()].at(-1)?.status).toBe('ended');
	});

	it('that were deactivated let no agent in', async () => {
		const simulator = await start({
			lifecycle: { startingMs: 0, startedMs: 0, stoppingMs: null, stoppedMs: null },
		});
		const roomId = await makeRoom(simulator);
		await call(simulator, 'POST', '/v2/rooms/deactivate', { roomId });
		const sessionId = await startSession(simulator, roomId);
		await until(() => simulator.sessions.get(sessionId)?.status === 'running', 'the session runs');
		expect(simulator.roomSessions.size).toBe(0);
	});

	it.each([
		['a URL of 513 characters', { webhook: { endPoint: `https://a.b/${'x'.repeat(501)}`, events: ['*'] } }],
		['an unknown event', { webhook: { endPoint: 'https://a.b/', events: ['call-started'] } }],
		['url', { webhook: { url: 'https://a.b/', events: ['*'] } }],
		[
			'a summary of nothing',
			{ autoStartConfig: { recording: { transcription: { summary: { enabled: true } } } } },
		],
		['an unknown field', { recording: {} }],
	])('are not made with %s', async (_, body) => {
		const simulator = await start();
		expect((await call(simulator, 'POST', '/v2/rooms', body)).status).toBe(400);
		expect(simulator.rooms.size).toBe(0);
	});
});

describe('after the talk', () => {
	it('has nothing where nothing was arranged, and no transcript or summary unasked', async () => {
		const simulator = await start({ recordingReadyMs: 0, transcriptionReadyMs: 0 });
		for (const autoStartConfig of [
			undefined,
			{ recording: {} },
			{ recording: { transcription: { enabled: true } } },
		]) {
			const roomId = await makeRoom(simulator, { autoStartConfig });
			simulator.joinRoom(roomId);
			simulator.endRoomSession(roomId);
		}
		expect(simulator.recordings.size).toBe(2);
		await until(() => [...simulator.transcriptions.values()][0]?.status === 'completed', 'the transcript');
		expect([...simulator.transcriptions.values()]).toMatchObject([{ summarizedFilePaths: {} }]);
	});

	it('lists a recording once it is ready, and one of a call that was recorded', async () => {
		const simulator = await start({
			callBehaviour: { ringAfterMs: 0, ringForMs: 0, talkMs: 0 },
			recordingReadyMs: 60_000,
		});
		const body = { gatewayId: 'gw_out_01', sipCallTo: '+15550003000', recordAudio: true };
		await call(simulator, 'POST', '/v2/sip/call', body);
		await until(() => simulator.recordings.size === 1, 'the recording');
		const list = async (): Promise<unknown[]> => (await call(simulator, 'GET', '/v2/recordings')).json.data;
		expect(await list()).toEqual([]);
		for (const recording of simulator.recordings.values()) recording.readyAtMs = Date.now();
		expect(await list()).toHaveLength(1);
	});

	it('tells that a transcription is pending, or failed', async () => {
		const simulator = await start({ transcriptionReadyMs: 0 });
		simulator.addTranscription({ roomId: 'other', readyAfterMs: 60_000 });
		const pending = await call(simulator, 'GET', '/ai/v1/post-transcriptions?roomId=other');
		expect(pending.json.transcriptions).toMatchObject([{ status: 'pending', transcriptionFilePaths: {} }]);
		const { id } = simulator.addTranscription({ roomId: 'room', fails: true });
		await until(() => simulator.transcriptions.get(id)?.status === 'failed', 'the failure');
		const { json } = await call(simulator, 'GET', `/ai/v1/post-transcriptions/${id}`);
		expect(json).toMatchObject({ status: 'failed', transcriptionFilePaths: {} });
	});

	it('filters live transcriptions by room, or not, as is set', async () => {
		const simulator = await start();
		for (const roomId of ['one', 'two']) {
			simulator.joinRoom(roomId);
			await call(simulator, 'POST', '/ai/v1/realtime-transcriptions/start', { roomId });
		}
		const count = async (): Promise<number> =>
			(await call(simulator, 'GET', '/ai/v1/realtime-transcriptions?roomId=one')).json.transcriptions.length;
		expect(await count()).toBe(1);
		simulator.answers.realtimeFilters = false;
		expect(await count()).toBe(2);
	});
});

describe('files', () => {
	it('are fetched without a token, and a token that was sent is seen', async () => {
		const simulator = await start();
		const url = simulator.addFile({ name: 'é b.txt', content: 'grüezi', contentType: 'text/plain' });
		const response = await fetch(url, { headers: { authorization: 'secret' } });
		expect(await response.text()).toBe('grüezi');
		expect(response.headers.get('content-type')).toBe('text/plain');
		expect(simulator.requests[0]).toMatchObject({
			path: '/files/é b.txt',
			headers: { authorization: 'secret' },
		});
		expect((await fetch(`${simulator.url}/files/none`)).status).toBe(404);
	});

	it('are as large as they are said to be, and always the same', async () => {
		const simulator = await start();
		const sizeBytes = 3_000_001;
		const url = simulator.addFile({ sizeBytes });
		const digests = [];
		for (let time = 0; time < 2; time++) {
			const response = await fetch(url);
			const bytes = Buffer.from(await response.arrayBuffer());
			expect([bytes.length, response.headers.get('content-length')]).toEqual([sizeBytes, String(sizeBytes)]);
			digests.push(createHash('sha256').update(bytes).digest('hex'));
		}
		expect(digests[0]).toBe(digests[1]);
	});

	it('lie elsewhere, are refused, or come slowly', async () => {
		const simulator = await start();
		const there = simulator.addFile({ name: 'there', content: 'found' });
		const redirectTo = there.replace(simulator.url, simulator.otherHostUrl);
		const response = await fetch(simulator.addFile({ redirectTo }));
		expect([response.url, await response.text()]).toEqual([redirectTo, 'found']);
		expect(new URL(redirectTo).host).not.toBe(new URL(simulator.url).host);
		expect((await fetch(simulator.addFile({ status: 403 }))).status).toBe(403);
		simulator.addFault({ kind: 'slow', delayMs: 200, match: { path: /^\/files/ } });
		const before = Date.now();
		expect(await (await fetch(there)).text()).toBe('found');
		expect(Date.now() - before).toBeGreaterThanOrEqual(190);
		// The head does not wait for the rest.
		simulator.addFault({ kind: 'slow', delayMs: 60_000, match: { path: /^\/files/ } });
		expect((await fetch(there)).status).toBe(200);
		simulator.addFault({ kind: 'truncate', match: { path: /^\/files/ } });
		await expect(fetch(there).then(async (cut) => await cut.text())).rejects.toThrow();
	});
});

describe('tokens', () => {
	const options: SimulatorOptions = { lifecycle: false, callBehaviour: false };
	it.each([
		[
			'GET',
			['/v2/sip/call', '/v2/sip/call/x', '/v2/sip/webhooks', '/v2/sip/webhooks/x', '/v2/sip/phone-numbers'],
		],
		['GET', ['/v2/sip/outbound-gateways', '/v2/sip/inbound-gateways', '/v2/sip/routing-rule']],
		[
			'GET',
			['/v2/rooms', '/v2/rooms/x', '/v2/rooms/validate/x', '/v2/sessions', '/v2/sessions/x/participants'],
		],
		['GET', ['/v2/recordings', '/v2/recordings/participant', '/v2/recordings/participant/track']],
		[
			'GET',
			['/v2/recordings/participant/merge', '/ai/v1/post-transcriptions', '/ai/v1/realtime-transcriptions'],
		],
		['GET', ['/ai/v1/cloud/deployments', '/ai/v1/cloud/deployments/x/latest', '/ai/v1/agents/x/versions']],
		['POST', ['/v2/sip/call', '/v2/sip/call/end', '/v2/sip/call/transfer', '/v2/sip/call/switch-room']],
		['POST', ['/v2/sip/webhooks', '/v2/rooms', '/v2/rooms/deactivate', '/v2/sessions/end']],
		['POST', ['/ai/v1/realtime-transcriptions/start', '/ai/v1/realtime-transcriptions/end']],
		['DELETE', ['/v2/sip/webhooks/x']],
		['PATCH', ['/v2/sip/webhooks/x']],
		['PUT', ['/v2/sip/webhooks/x']],
	])('%s %p need one', async (method, paths) => {
		const simulator = await start(options);
		const body = method === 'GET' || method === 'DELETE' ? undefined : {};
		for (const path of paths) {
			const result = await call(simulator, method, path, body, { authorization: '' });
			expect([path, result.status]).toEqual([path, 401]);
			expect([path, (await call(simulator, method, path, body)).status]).not.toEqual([path, 401]);
		}
	});
});
