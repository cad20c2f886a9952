/**
 * VideoSDK's own client reads what the simulator answers. That our requests are those of this client is tested in test/engine, and the
 * simulator answers 400 or 404 to what it does not know.
 */
import { waitFor } from '../n8n/processes';
import { SIP_PASSWORD } from './index';
import { officialClient, start } from './testRig';

const RULE = { routingRuleId: 'rule_out_01', callFrom: '+15550102001' };
const OTHER_RULE = { routingRuleId: 'rule_out_02', callFrom: '+15550102002' };
const open = async () => {
	const simulator = await start({ lifecycle: false, callBehaviour: false });
	return { simulator, sdk: officialClient(simulator) };
};
const all = async <T>(pages: AsyncIterable<T>): Promise<T[]> => {
	const rows: T[] = [];
	for await (const row of pages) rows.push(row);
	return rows;
};

it('calls: makes, gets, lists over all pages, transfers, and hangs up once', async () => {
	const { simulator, sdk } = await open();
	const { calls } = sdk.sip;
	for (let number = 0; number < 12; number++) await calls.create({ ...RULE, callTo: '+15550003000' });
	const to = '+15550004000';
	const { id, roomId } = await calls.create({ ...OTHER_RULE, callTo: to, ringingTimeout: 30 });
	expect(await calls.get(id)).toMatchObject({ id, status: 'initiated', to });
	const ids = async (filter: object) => (await all(await calls.list(filter))).map((call) => call.id);
	expect(await ids({})).toEqual([...simulator.calls.keys()].reverse());
	for (const filter of [{ roomId }, { ruleId: OTHER_RULE.routingRuleId }, { search: '4000' }, { id }])
		expect(await ids(filter)).toEqual([id]);
	expect(await ids({ startDate: Date.now() + 60_000 })).toEqual([]);
	await simulator.moveCall(id, 'answered');
	expect((await calls.transfer(id, { to: '+15550009' })).status).toBe('transfer-initiated');
	expect(await calls.end(id)).toMatchObject({ id, status: 'ended' });
	await expect(calls.end(id)).rejects.toMatchObject({ httpStatus: 409 });
	await expect(calls.get('nobody')).rejects.toMatchObject({ httpStatus: 404 });
});

it('telephony: numbers with the password that must go no further, rules, webhooks', async () => {
	const { sdk } = await open();
	const { phoneNumbers, routingRules, webhooks } = sdk.sip;
	const numbers = await all(await phoneNumbers.list());
	expect(numbers.map(({ outbound }) => outbound?.auth?.password)).toEqual(Array(23).fill(SIP_PASSWORD));
	expect(await all(await routingRules.list({ type: 'outbound' }))).toHaveLength(12);
	const url = 'https://n8n.example/webhook/1/webhook';
	await webhooks.create({ url, events: ['call-started'] });
	const [{ id } = { id: '' }] = (await webhooks.list({ search: url })).data;
	await webhooks.delete(id);
	await expect(webhooks.delete(id)).rejects.toMatchObject({ httpStatus: 404 });
});

it('rooms: makes, finds by each ID, shows and ends the session, closes', async () => {
	const { simulator, sdk } = await open();
	const room = await sdk.rooms.create({ customRoomId: 'order-7' });
	for (const id of [room.roomId, room.id, 'order-7']) expect(await sdk.rooms.get(id)).toEqual(room);
	expect((await sdk.rooms.list({ query: 'order-7' })).data).toEqual([room]);
	const { id: sessionId } = simulator.joinRoom(room.roomId);
	const end = { roomId: room.roomId, sessionId };
	const { data: ongoing } = await sdk.sessions.list({ roomId: room.roomId, status: 'ongoing' });
	expect(ongoing).toMatchObject([{ id: sessionId }]);
	expect(await sdk.sessions.end(end)).toMatchObject({ id: sessionId, status: 'ended' });
	await expect(sdk.sessions.end(end)).rejects.toMatchObject({ httpStatus: 404 });
	expect(await sdk.rooms.end(room.roomId)).toMatchObject({ disabled: true });
});

it('what is kept: recordings of all kinds, and a transcription while people talk', async () => {
	const { simulator, sdk } = await open();
	const { recordings, transcription } = sdk;
	const whose = { roomId: 'room', sessionId: 'session', readyAfterMs: 0 };
	for (const kind of ['room', 'participant', 'track', 'merge'] as const) {
		const list = kind === 'room' ? recordings : recordings[kind];
		const { id } = simulator.addRecording({ ...whose, kind });
		expect((await list.list({ roomId: 'room', sessionId: 'session' })).data).toMatchObject([{ id }]);
	}
	const { id: roomRecording } = simulator.addRecording(whose);
	await recordings.delete(roomRecording);
	expect(simulator.recordings.has(roomRecording)).toBe(false);
	await expect(recordings.delete(roomRecording)).rejects.toMatchObject({ httpStatus: 404 });
	simulator.joinRoom('live');
	const { id } = await transcription.realtime.start('live');
	expect(await transcription.realtime.get(id)).toMatchObject({ id, roomId: 'live', status: 'running' });
	await transcription.realtime.stop('live');
	await waitFor('the transcript', async () => simulator.transcriptions.get(id)?.status === 'completed');
	expect((await transcription.realtime.list({ status: 'completed' })).data).toMatchObject([{ id }]);
});

it('agents: lists and deletes deployments, and puts a dispatched agent into its room', async () => {
	const { sdk } = await open();
	await sdk.agents.deployment.delete('cd_13', { force: true });
	expect(await all(await sdk.agents.deployment.list())).toHaveLength(12);
	await sdk.agents.dispatch({ agentId: 'agent_01', meetingId: 'room' });
	const [session] = (await sdk.sessions.list({ roomId: 'room' })).data;
	expect(session).toMatchObject({ participants: [{ participantId: 'agent_01' }] });
});
