import type { VideoSDK } from '@videosdk.live/server-sdk';
import type { INodeParameters } from 'n8n-workflow';
import { officialRequests, ownRequests } from './official';
import { failureOf, jsonOf, useRig } from './rig';

const rig = useRig();
const room = (operation: string, more: INodeParameters = {}): INodeParameters => ({
	resource: 'room',
	operation,
	...more,
});
const makeRoom = async (more: INodeParameters = {}): Promise<string> => {
	const [json] = jsonOf(await rig.engine.run({ parameters: room('create', more) }));
	rig.simulator.requests.length = 0;
	return String(json?.roomId);
};
const HOOK = 'https://n8n.example.com/webhook/1/webhook';
const all = { page: 1, perPage: 50 };

describe("VideoSDK's own client sends the same for", () => {
	type Case = [string, INodeParameters, (client: VideoSDK) => Promise<unknown>];
	const cases: Case[] = [
		['a plain room', room('create'), async (client) => await client.rooms.create()],
		[
			'a recorded room',
			room('create', { recording: 'record' }),
			async (client) => await client.rooms.create({ autoStartConfig: { recording: {} } }),
		],
		[
			'a transcribed room',
			room('create', { recording: 'transcribe' }),
			async (client) =>
				await client.rooms.create({ autoStartConfig: { recording: { transcription: { enabled: true } } } }),
		],
		[
			'all that a room can have',
			room('create', {
				recording: 'summarize',
				summaryPrompt: 'In two sentences',
				webhookUrl: { __rl: true, mode: 'url', value: HOOK },
				webhookEvents: ['session-ended', 'recording-stopped'],
				options: { customRoomId: ' order-7 ', geoFence: 'eu001' },
			}),
			async (client) =>
				await client.rooms.create({
					customRoomId: 'order-7',
					geoFence: 'eu001',
					webhook: { url: HOOK, events: ['session-ended', 'recording-stopped'] },
					autoStartConfig: {
						recording: {
							transcription: { enabled: true, summary: { enabled: true, prompt: 'In two sentences' } },
						},
					},
				}),
		],
		['get', room('get', { roomId: 'a/b' }), async (client) => await client.rooms.get('a/b')],
		['the list', room('getAll'), async (client) => await client.rooms.list(all)],
		['deactivate', room('deactivate', { roomId: 'r' }), async (client) => await client.rooms.end('r')],
		[
			'the end of a session',
			room('endSession', { roomId: 'r' }),
			async (client) => await client.sessions.end({ roomId: 'r' }),
		],
	];

	it.each(cases)('%s', async (_what, parameters, use) => {
		await rig.engine.run({ parameters });
		const own = ownRequests(rig);
		expect(own).toEqual(await officialRequests(rig, use));
	});
});

describe('Room', () => {
	it('is created, found, listed and closed', async () => {
		const roomId = await makeRoom({ options: { customRoomId: 'order-7' } });
		for (const id of [roomId, 'order-7']) {
			const [found] = jsonOf(await rig.engine.run({ parameters: room('get', { roomId: id }) }));
			expect(found).toMatchObject({ roomId, customRoomId: 'order-7', disabled: false });
		}
		const parameters = room('deactivate', { roomId: '={{ $json.roomId }}' });
		const [closed] = jsonOf(await rig.engine.run({ items: [{ roomId }], parameters }));
		expect(closed).toMatchObject({ roomId, disabled: true });
	});

	it('lists without the addresses of webhooks, unless all is asked for', async () => {
		await makeRoom({ webhookUrl: HOOK, webhookEvents: ['session-ended'], recording: 'record' });
		await rig.engine.run({ items: Array.from({ length: 60 }, () => ({})), parameters: room('create') });
		const rooms = jsonOf(await rig.engine.run({ parameters: room('getAll', { returnAll: true }) }));
		expect(rooms).toHaveLength(61);
		expect(JSON.stringify(rooms)).not.toContain(HOOK);
		expect(rooms.at(-1)).toEqual({
			roomId: expect.any(String),
			disabled: false,
			autoStartConfig: { recording: {} },
			createdAt: expect.any(String),
			updatedAt: expect.any(String),
		});
		const raw = jsonOf(
			await rig.engine.run({ parameters: room('getAll', { returnAll: true, simplify: false }) }),
		);
		expect(raw.at(-1)).toMatchObject({ webhook: { endPoint: HOOK } });
		expect(jsonOf(await rig.engine.run({ parameters: room('getAll', { limit: 3 }) }))).toHaveLength(3);
	});

	it('ends what goes on in a room', async () => {
		const roomId = await makeRoom();
		const { id } = rig.simulator.joinRoom(roomId);
		const [ended] = jsonOf(await rig.engine.run({ parameters: room('endSession', { roomId }) }));
		expect(ended).toMatchObject({ id, roomId, status: 'ended' });
		expect(rig.simulator.rooms.get(roomId)?.disabled).toBe(false);
		const again = await rig.engine.run({ parameters: room('endSession', { roomId }) });
		expect(failureOf(again).message).toContain('No active session in this room');
	});

	it.each<[string, INodeParameters, RegExp]>([
		['no event', room('create', { webhookUrl: HOOK, webhookEvents: [] }), /'Webhook Events' is empty/],
		[
			'a URL that is too long',
			room('create', { webhookUrl: `${HOOK}?${'x'.repeat(512)}`, webhookEvents: ['session-ended'] }),
			/'Webhook URL' is 554 characters long, but VideoSDK allows at most 512/,
		],
	])('sends nothing for %s, and names field and item', async (_what, parameters, message) => {
		const result = await rig.engine.run({ parameters });
		expect(failureOf(result).message).toMatch(message);
		expect(rig.requests).toEqual([]);
	});
});
