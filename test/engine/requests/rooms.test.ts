/** Rooms, and those of sessions: made for one, given, or left to the agent. What becomes of one if the start fails: see roomOfAStart. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { ROOM_EVENT_OPTIONS } from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { withoutKey, failureOf, parametersOf, startParameters, useRig } from '../rig/rig';

const rig = useRig();
const HOOK = 'https://n8n.example.com/webhook/1/webhook';
const run = async (parameters: INodeParameters, items: IDataObject[] = [{}]) =>
	await rig.json(parameters, { items });
const room = (operation: string, more: IDataObject = {}) => parametersOf('room', operation, more);
const rooms = () => [...rig.simulator.rooms.values()];

it('A room is created, found, and closed', async () => {
	const [{ roomId } = {}] = await run(room('create', { options: { customRoomId: 'order-7' } }));
	for (const id of [String(roomId), 'order-7']) {
		const found = { roomId, customRoomId: 'order-7', disabled: false };
		expect(await run(room('get', { roomId: id }))).toMatchObject([found]);
	}
	const closed = await run(room('deactivate', { roomId: '={{ $json.roomId }}' }), [{ roomId }]);
	expect(closed).toMatchObject([{ roomId, disabled: true }]);
});

it('Rooms are listed without the addresses of webhooks, unless all is asked for', async () => {
	const options = { customRoomId: 'mine' };
	const webhook = { webhookUrl: HOOK, webhookEvents: ['session-ended'] };
	await run(room('create', { ...webhook, recording: 'record', options }));
	await run(room('create'), Array<IDataObject>(60).fill({}));
	const all = await run(room('getAll', { returnAll: true }));
	expect(all).toHaveLength(61);
	expect(JSON.stringify(all)).not.toContain(HOOK);
	expect(all.at(-1)).toEqual({
		...options,
		roomId: expect.any(String) as string,
		disabled: false,
		autoStartConfig: { recording: {} },
		createdAt: expect.any(String) as string,
		updatedAt: expect.any(String) as string,
	});
	const raw = await run(room('getAll', { returnAll: true, simplify: false }));
	expect(raw.at(-1)).toMatchObject({ webhook: { endPoint: HOOK } });
	expect(await run(room('getAll', { limit: 3 }))).toHaveLength(3);
});

it('What goes on in a room is ended', async () => {
	const [{ roomId } = {}] = await run(room('create'));
	const parameters = room('endSession', { roomId: String(roomId) });
	const { id } = rig.simulator.joinRoom(String(roomId));
	expect(await run(parameters)).toMatchObject([{ id, roomId, status: 'ended' }]);
	expect(rooms()[0]?.disabled).toBe(false);
	const again = await rig.run(parameters);
	expect(failureOf(again).message).toContain('No active session in this room');
	rig.simulator.addFault({ kind: 'noData', body: { id: 's', meetingId: 'room' } });
	expect(await run(parameters)).toEqual([{ id: 's', meetingId: 'room', roomId: 'room' }]);
});

describe('The room of a session', () => {
	const START = /sessions\/start$/;
	const starts = () => rig.requests.filter(({ path }) => START.test(path));
	const envs = () => starts().map(({ body }) => withoutKey(body).env);
	const env = { variables: [{ name: 'NAME', value: 'Ada' }] };

	it('is created, handed over and put out', async () => {
		const [json] = await run(startParameters({ recording: 'summarize', summaryPrompt: 'Short', env }));
		const [{ roomId, autoStartConfig } = { roomId: '' }] = rooms();
		expect(json).toMatchObject({ status: 'queued', roomId });
		expect(rig.simulator.sessions.has(String(json?.sessionId))).toBe(true);
		const summary = { enabled: true, prompt: 'Short' };
		expect(autoStartConfig).toEqual({ recording: { transcription: { enabled: true, summary } } });
		expect(envs()).toEqual([{ NAME: 'Ada', VIDEOSDK_ROOM_ID: roomId }]);
	});

	it.each<[string, IDataObject, string | undefined, object | undefined]>([
		['an existing one', { options: { roomId: ' abcd ' } }, 'abcd', { VIDEOSDK_ROOM_ID: 'abcd' }],
		['left to the agent unless something is recorded', {}, undefined, undefined],
		[
			'the one that a variable names, if the agent decides',
			{ env: { variables: [{ name: 'VIDEOSDK_ROOM_ID', value: 'r' }] } },
			undefined,
			{ VIDEOSDK_ROOM_ID: 'r' },
		],
	])('is %s', async (_what, fields, roomId, sent) => {
		const [json] = await run(startParameters(fields));
		expect([json?.roomId, envs(), rig.requests.length]).toEqual([roomId, [sent], 1]);
	});

	it('sends its events where those of the session go', async () => {
		const events = ['ai-deployment-session-started'];
		await run(startParameters({ recording: 'record', webhookUrl: HOOK, webhookEvents: events }));
		const [session] = rig.simulator.sessions.values();
		expect(session?.webhook).toEqual({ endPoint: HOOK, events });
		const own = rooms()[0]?.webhook;
		expect(own?.endPoint).toBe(HOOK);
		expect(new Set(own?.events)).toEqual(new Set(ROOM_EVENT_OPTIONS.map(({ value }) => value)));
	});
});
