/** The room of a session: made for it, given, or left to the agent. What becomes of it if the start fails: see startedOnce. */
import type { INodeParameters } from 'n8n-workflow';
import { ROOM_EVENT_OPTIONS } from '../../nodes/VideoSdkAgentCloud/fields/events';
import { failureOf, jsonOf, startParameters, useRig } from './rig';

const rig = useRig({ callBehaviour: false });
const create = (more: INodeParameters = {}): INodeParameters =>
	startParameters({ recording: 'record', ...more });
const items = [0, 1, 2].map((item) => ({ item }));

const START = /sessions\/start$/;
const rooms = () => [...rig.simulator.rooms.values()];
const sessions = () => [...rig.simulator.sessions.values()];
const envs = () =>
	rig.requests.filter(({ path }) => START.test(path)).map(({ body }) => (body as { env?: object }).env);

describe('Room of a session', () => {
	it('is created, handed over and put out', async () => {
		const [json] = jsonOf(
			await rig.engine.run({
				parameters: create({
					recording: 'summarize',
					summaryPrompt: 'Short',
					env: { variables: [{ name: 'NAME', value: 'Ada' }] },
				}),
			}),
		);
		const [room] = rooms();
		expect(json).toMatchObject({
			sessionId: sessions()[0]?.sessionId,
			status: 'queued',
			roomId: room?.roomId,
		});
		expect(room?.autoStartConfig).toEqual({
			recording: { transcription: { enabled: true, summary: { enabled: true, prompt: 'Short' } } },
		});
		expect(envs()).toEqual([{ NAME: 'Ada', VIDEOSDK_ROOM_ID: room?.roomId }]);
	});

	it('is an existing one', async () => {
		const parameters = startParameters({ options: { roomId: ' abcd-efgh-ijkl ' } });
		const [json] = jsonOf(await rig.engine.run({ parameters }));
		expect(json).toMatchObject({ sessionId: expect.any(String), roomId: 'abcd-efgh-ijkl' });
		expect(envs()).toEqual([{ VIDEOSDK_ROOM_ID: 'abcd-efgh-ijkl' }]);
		expect(rig.requests).toHaveLength(1);
	});

	it('is left to the agent unless something is recorded', async () => {
		const [json] = jsonOf(await rig.engine.run({ parameters: startParameters() }));
		expect(json).not.toHaveProperty('roomId');
		expect(envs()).toEqual([undefined]);
		expect(rig.requests).toHaveLength(1);
	});

	it('sends its events where those of the session go, with the context', async () => {
		const hook = 'https://n8n.example.com/webhook/1/webhook';
		const parameters = create({ webhookUrl: hook, webhookEvents: ['ai-deployment-session-started'] });
		await rig.engine.run({
			parameters: { ...parameters, options: { context: { entries: [{ key: 'row', value: '7' }] } } },
		});
		const [session] = sessions();
		expect(session?.webhook).toEqual({
			endPoint: expect.stringContaining(`${hook}?context=`),
			events: ['ai-deployment-session-started'],
		});
		const { endPoint, events } = rooms()[0]?.webhook ?? {};
		expect(endPoint).toBe(session?.webhook?.endPoint);
		expect(new Set(events)).toEqual(new Set(ROOM_EVENT_OPTIONS.map(({ value }) => value)));
	});

	it('is never shared between items', async () => {
		const output = jsonOf(await rig.engine.run({ items, parameters: create() }));
		expect(new Set(output.map(({ roomId }) => roomId)).size).toBe(3);
		expect(rooms()).toHaveLength(3);
		for (const { sessionId, roomId } of output) {
			const request = rig.requests.find(({ body }) => JSON.stringify(body).includes(String(roomId)));
			expect(request?.path).toMatch(START);
			expect(rig.simulator.sessions.has(String(sessionId))).toBe(true);
		}
	});

	it.each<[string, INodeParameters, string]>([
		[
			'a variable of that name',
			create({ env: { variables: [{ name: 'VIDEOSDK_ROOM_ID', value: 'r' }] } }),
			"'Environment Variables' contains 'VIDEOSDK_ROOM_ID', but 'Recording' already sets it",
		],
		[
			'the same in JSON, with an existing room',
			startParameters({
				options: { roomId: 'r' },
				specifyEnv: 'json',
				jsonEnv: '{ "VIDEOSDK_ROOM_ID": "r" }',
			}),
			"'Environment Variables' contains 'VIDEOSDK_ROOM_ID', but 'Room ID' already sets it",
		],
	])('is refused before anything is sent: %s', async (_what, parameters, message) => {
		const result = await rig.engine.run({ parameters });
		expect(failureOf(result).message).toContain(message);
		expect(failureOf(result).message).toContain('[item 0]');
		expect(rig.requests).toEqual([]);
	});

	it('may be named by a variable if the agent decides', async () => {
		const env = { variables: [{ name: 'VIDEOSDK_ROOM_ID', value: 'r' }] };
		jsonOf(await rig.engine.run({ parameters: startParameters({ env }) }));
		expect(envs()).toEqual([{ VIDEOSDK_ROOM_ID: 'r' }]);
	});
});
