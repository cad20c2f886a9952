import type { INodeParameters } from 'n8n-workflow';
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
});
