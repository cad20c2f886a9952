import type { VideoSDK } from '@videosdk.live/server-sdk';
import { SIP_PASSWORD, type Simulator, type SimulatorOptions } from './index';
import { bodies, officialClient, receiver, start, until } from './testRig';

// VideoSDK's own client decides about methods, paths, queries and bodies: the simulator answers 400 or 404 to
// whatever it does not know, so each of these calls fails where the two disagree.

const RULE = { routingRuleId: 'rule_out_01', callFrom: '+15550102001' };
const slow = { ringForMs: null };

async function open(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; sdk: VideoSDK }> {
	const simulator = await start({ lifecycle: false, ...options });
	return { simulator, sdk: officialClient(simulator) };
}

const collected = async <T>(pages: AsyncIterable<T>): Promise<T[]> => {
	const all: T[] = [];
	for await (const item of pages) all.push(item);
	return all;
};

describe('calls', () => {
	it('makes one with a rule and all that may go with it', async () => {
		const { simulator, sdk } = await open({ callBehaviour: false });
		const { roomId } = await sdk.rooms.create();
		const call = await sdk.sip.calls.create({
			...RULE,
			callTo: '+15550003000',
			participantId: 'caller',
			roomId,
			metadata: { row: 7 },
			ringingTimeout: 30,
			maxCallDuration: 600,
			waitUntilAnswered: false,
		});
		expect(call).toMatchObject({ status: 'initiated', to: '+15550003000', from: RULE.callFrom });
		expect(simulator.calls.get(call.id)).toMatchObject({
			agentId: 'agent_01',
			ruleId: RULE.routingRuleId,
			roomId,
			participant: { id: 'caller' },
			metadata: { row: 7 },
			ringingTimeout: 30,
			maxCallDuration: 600,
		});
	});

	it('makes one with a gateway, which rings, is answered and ends', async () => {
		const { simulator, sdk } = await open({ callBehaviour: { talkMs: null } });
		const call = await sdk.sip.calls.create({
			callTo: '+15550003000',
			gatewayId: 'gw_out_01',
			recordAudio: true,
			dtmf: false,
			mediaEncryption: 'enable',
			hidePhoneNumber: true,
			headers: { 'X-A': 'b' },
			includeHeaders: 'NONE',
			participant: { name: 'Jo', metadata: {} },
			waitUntilAnswered: true,
		});
		expect(call.status).toBe('answered');
		const sessions = async (status: 'ongoing' | 'ended') =>
			(await sdk.sessions.list({ roomId: call.roomId, status })).data;
		expect(await sessions('ongoing')).toMatchObject([{ id: call.sessionId, participants: [{ name: 'Jo' }] }]);
		await simulator.moveCall(call.id, 'ended');
		const ended = await sdk.sip.calls.get(call.id);
		expect((ended.timelog as Array<{ status: string }>).map(({ status }) => status)).toEqual([
			'initiated',
			'ringing',
			'answered',
			'ended',
		]);
		expect(ended.end).toEqual(expect.any(String));
		expect(await sessions('ended')).toMatchObject([{ id: call.sessionId }]);
	});

	it('lists them by every filter, and over all pages', async () => {
		const { simulator, sdk } = await open({ callBehaviour: false });
		for (let number = 0; number < 12; number++) {
			await sdk.sip.calls.create({ ...RULE, callTo: `+1555000300${number % 2}` });
		}
		const other = await sdk.sip.calls.create({ gatewayId: 'gw_out_02', callTo: '+15550004000' });
		simulator.incomingCall({ to: '+15550102001', from: '+15550005000' });
		const ids = async (filter: Parameters<typeof sdk.sip.calls.list>[0]): Promise<string[]> =>
			(await collected(await sdk.sip.calls.list(filter))).map(({ id }) => id);
		expect(await ids({})).toEqual([...simulator.calls.keys()].reverse());
		expect(await ids({ page: 2, perPage: 10 })).toHaveLength(4);
		expect(await ids({ ruleId: RULE.routingRuleId })).toHaveLength(12);
		expect(await ids({ search: '3001' })).toHaveLength(6);
		expect(await ids({ type: 'inbound' })).toHaveLength(1);
		expect(await ids({ roomId: other.roomId })).toEqual([other.id]);
		expect(await ids({ gatewayId: 'gw_out_02' })).toEqual([other.id]);
		expect(await ids({ id: other.id })).toEqual([other.id]);
		expect(await ids({ sessionId: 'none' })).toEqual([]);
		// The day of the end counts whole.
		const today = Date.parse(new Date().toISOString().slice(0, 10));
		expect(await ids({ startDate: today, endDate: today })).toHaveLength(14);
		expect(await ids({ startDate: Date.now() + 60_000 })).toEqual([]);
		expect(await ids({ endDate: today - 1 })).toEqual([]);
	});

	it('hangs up, once', async () => {
		const { sdk } = await open({ callBehaviour: slow });
		const { id } = await sdk.sip.calls.create({ ...RULE, callTo: '+15550003000' });
		expect(await sdk.sip.calls.end(id)).toMatchObject({ id, status: 'ended' });
		await expect(sdk.sip.calls.end(id)).rejects.toMatchObject({ httpStatus: 409 });
		await expect(sdk.sip.calls.get('nobody')).rejects.toMatchObject({ httpStatus: 404 });
	});

	it('transfers', async () => {
		const { simulator, sdk } = await open({ callBehaviour: { talkMs: null } });
		const call = await sdk.sip.calls.create({ ...RULE, callTo: '+15550003000', waitUntilAnswered: true });
		const participant = { name: 'Desk' };
		const transferred = await sdk.sip.calls.transfer(call.id, {
			to: '+15550009',
			participant,
			playDialtone: true,
		});
		expect(transferred.status).toBe('transfer-initiated');
		await until(() => simulator.calls.get(call.id)?.status === 'transferred', 'the transfer');
		await expect(sdk.sip.calls.transfer(call.id, { to: '+15550009' })).rejects.toMatchObject({
			httpStatus: 409,
		});
	});
});

describe('lists of telephony', () => {
	it('finds gateways, with the password that must go no further', async () => {
		const { sdk } = await open();
		const { outbound } = sdk.sip.trunks;
		const all = await collected(await outbound.list({ perPage: 5 }));
		expect(all).toHaveLength(12);
		for (const { auth } of all) expect(auth?.password).toBe(SIP_PASSWORD);
		const second = all[1]!;
		expect((await outbound.list({ search: second.name?.toUpperCase() })).data).toEqual([second]);
		expect((await outbound.list({ id: second.id })).data).toEqual([second]);
	});

	it('finds numbers and rules', async () => {
		const { sdk } = await open();
		const numbers = await sdk.sip.phoneNumbers.list();
		expect(numbers.data).toHaveLength(20);
		expect(await collected(numbers)).toHaveLength(23);
		const [number] = (await sdk.sip.phoneNumbers.list({ search: 'line 02' })).data;
		expect(number?.phoneNumber.e164).toBe('+15550102002');
		const { routingRules } = sdk.sip;
		expect(await collected(await routingRules.list({ type: 'outbound' }))).toHaveLength(12);
		expect((await routingRules.list({ type: 'inbound' })).data).toHaveLength(1);
		const two = ['rule_out_02', 'rule_in_01'];
		expect((await routingRules.list({ ruleIds: two, roomType: ['dynamic'] })).data).toHaveLength(2);
		expect((await routingRules.list({ roomType: ['static'] })).data).toEqual([]);
		const [rule] = (await routingRules.list({ search: '+15550102003' })).data;
		expect(rule).toMatchObject({ id: 'rule_out_03', agentId: 'agent_03' });
	});
});

describe('webhooks of calls', () => {
	it('makes, finds, deletes', async () => {
		const { simulator, sdk } = await open();
		const url = 'https://n8n.example/webhook/1/webhook';
		await sdk.sip.webhooks.create({ url, events: ['call-started', 'call-update'] });
		await sdk.sip.webhooks.create({ url: 'https://elsewhere.example/', events: ['call-missed'] });
		const { data } = await sdk.sip.webhooks.list({ search: url });
		expect(data).toMatchObject([{ url, events: ['call-started', 'call-update'] }]);
		const id = data[0]?.id ?? '';
		expect(await sdk.sip.webhooks.delete(id)).toEqual({ message: expect.any(String) });
		await expect(sdk.sip.webhooks.delete(id)).rejects.toMatchObject({ httpStatus: 404 });
		expect((await sdk.sip.webhooks.list()).total).toBe(1);
		expect(simulator.callWebhooks.get(id)?.deletedAt).toEqual(expect.any(String));
	});
});

describe('rooms', () => {
	it('makes, lists and ends rooms', async () => {
		const { simulator, sdk } = await open();
		const options = {
			customRoomId: 'order-7',
			geoFence: 'eu001',
			webhook: { url: 'https://n8n.example/hook', events: ['session-started', 'recording-*'] },
			autoCloseConfig: { afterInactiveSeconds: 60, type: 'session-ends' as const },
			autoStartConfig: { recording: { transcription: { enabled: true, summary: { enabled: true } } } },
			multiComposition: { recording: true },
			allowedParticipantIds: ['p'],
		};
		const room = await sdk.rooms.create(options);
		expect(room.roomId).toMatch(/^\w{4}-\w{4}-\w{4}$/);
		expect((await sdk.rooms.create({ customRoomId: 'order-7' })).roomId).toBe(room.roomId);
		expect(simulator.rooms.get(room.roomId)).toMatchObject({
			autoCloseConfig: { type: 'session-ends', duration: 60 },
			webhook: { endPoint: 'https://n8n.example/hook', events: ['session-started', 'recording-*'] },
		});
		for (const id of [room.roomId, room.id, 'order-7']) expect(await sdk.rooms.get(id)).toEqual(room);
		await sdk.rooms.create();
		expect((await sdk.rooms.list()).total).toBe(2);
		expect((await sdk.rooms.list({ query: 'order-7' })).data).toEqual([room]);
		await expect(sdk.rooms.end('order-7')).rejects.toMatchObject({ httpStatus: 402 });
		expect(await sdk.rooms.end(room.roomId)).toMatchObject({ disabled: true });
	});

	it('shows and ends sessions', async () => {
		const { simulator, sdk } = await open();
		const { roomId } = await sdk.rooms.create({ customRoomId: 'mine' });
		simulator.joinRoom(roomId);
		const [session] = (await sdk.sessions.list({ roomId, status: 'ongoing' })).data;
		const id = session?.id ?? '';
		expect((await sdk.sessions.list({ customRoomId: 'mine', query: 'mine' })).data).toHaveLength(1);
		expect((await sdk.sessions.list({ status: 'ended' })).data).toEqual([]);
		expect((await sdk.sessions.list({ startDate: Date.now() + 60_000, endDate: Date.now() })).data).toEqual(
			[],
		);
		const end = { roomId, sessionId: id, force: true, ignoreClosed: false };
		expect(await sdk.sessions.end(end)).toMatchObject({ id, status: 'ended' });
		await expect(sdk.sessions.end(end)).rejects.toMatchObject({ httpStatus: 404 });
	});
});

describe('after the talk', () => {
	it('lists recordings of all kinds', async () => {
		const { simulator, sdk } = await open({ recordingReadyMs: 0 });
		const whose = { roomId: 'room', sessionId: 'session', participantId: 'p' };
		simulator.addRecording({ roomId: 'other' });
		const room = simulator.addRecording({ ...whose });
		const participant = simulator.addRecording({ ...whose, kind: 'participant' });
		const track = simulator.addRecording({ ...whose, kind: 'track' });
		const merge = simulator.addRecording({ ...whose, kind: 'merge', readyAfterMs: 60_000 });
		const { recordings } = sdk;
		const both = { roomId: 'room', sessionId: 'session' };
		expect((await recordings.list({ ...both, query: 'room' })).data).toMatchObject([
			{ id: room.id, file: { fileUrl: room.fileUrl } },
		]);
		for (const [list, { id, fileUrl }] of [
			[recordings.participant, participant],
			[recordings.track, track],
		] as const) {
			expect((await list.list(whose)).data).toMatchObject([{ id, files: [{ fileUrl }] }]);
		}
		expect((await recordings.merge.list({ ...both, status: 'completed' })).data).toEqual([]);
		expect((await recordings.merge.list({ ...both, id: merge.id })).data).toMatchObject([
			{ id: merge.id, status: 'processing' },
		]);
		merge.readyAtMs = 0;
		expect((await recordings.merge.list({ id: merge.id })).data).toMatchObject([
			{ file: { fileUrl: merge.fileUrl } },
		]);
	});

	it('transcribes while people talk', async () => {
		const hook = await receiver();
		const { simulator, sdk } = await open({ transcriptionReadyMs: 0 });
		const { realtime } = sdk.transcription;
		const options = {
			webhookUrl: hook.url,
			modelId: 'm',
			language: 'en',
			summary: { enabled: true, prompt: 'x' },
		};
		await expect(realtime.start('room', options)).rejects.toMatchObject({ httpStatus: 400 });
		const { id: sessionId } = simulator.joinRoom('room');
		const { id } = await realtime.start('room', options);
		await expect(realtime.start('room', options)).rejects.toMatchObject({ httpStatus: 409 });
		expect(await realtime.get(id)).toMatchObject({ id, roomId: 'room', status: 'running' });
		await realtime.stop('room');
		await until(() => simulator.transcriptions.get(id)?.status === 'completed', 'the transcript');
		const [made] = (await realtime.list({ status: 'completed' })).data;
		expect(made).toMatchObject({ id, summarizedFilePaths: { txt: expect.any(String) } });
		await until(() => hook.received.length === 2, 'both events');
		const data = { meetingId: 'room', sessionId, id, type: 'realtime' };
		expect(bodies(hook)).toEqual([
			{ webhookType: 'transcription-started', data },
			{ webhookType: 'transcription-stopped', data },
		]);
	});
});

describe('agents', () => {
	it('lists deployments', async () => {
		const { sdk } = await open();
		const { deployment } = sdk.agents;
		expect(await collected(await deployment.list())).toHaveLength(13);
		expect((await deployment.list({ agentId: 'agent_01', status: 'deployed' })).data).toHaveLength(2);
		expect((await deployment.list({ name: '^cloud agent 1[01]$' })).data).toHaveLength(2);
	});

	it('puts a dispatched agent into its room', async () => {
		const { sdk } = await open();
		await sdk.agents.dispatch({ agentId: 'agent_01', meetingId: 'room' });
		const [session] = (await sdk.sessions.list({ roomId: 'room' })).data;
		expect(session).toMatchObject({ participants: [{ participantId: 'agent_01' }] });
	});
});
