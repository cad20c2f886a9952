/** A call that an execution waits for has a room of its own, which tells of its end, unless that would keep it from being made. */
import { Logger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Fault } from '../../simulator';
import { byRule, made, makeAndWait, TO } from '../rig/callRig';
import { later, useRig } from '../rig/rig';
import { rows } from '../rig/waitingRun';

const rig = useRig({ callBehaviour: false });
const MINUTE_MS = 60_000;
const ROOMS = '/v2/rooms';
const OPERATIONS: Record<string, (options?: IDataObject) => INodeParameters> = {
	'Make and Wait': (options = {}) => makeAndWait({ options }),
	'Ask and Wait': (options = {}) => byRule({ operation: 'sendAndWait', message: 'Ready?', options }),
};

const rooms = () => rig.requests.filter(({ method, path }) => method === 'POST' && path === ROOMS);
const roomsOfCalls = () => made(rig).map(({ body }) => (body as IDataObject).destinationRoomId);

describe.each(Object.entries(OPERATIONS))('%s', (_name, parameters) => {
	it('makes a room of its own if nothing is chosen, whose event continues the execution', async () => {
		const { waiting, ids } = await rig.wait(1, parameters());
		expect(rooms()).toMatchObject([{ body: { webhook: { events: ['session-ended'] } } }]);
		expect(roomsOfCalls()).toEqual([...rig.simulator.rooms.keys()]);
		// Longer than the first polls take.
		await later(5 * MINUTE_MS);
		const polls = rig.requests.filter(({ method }) => method === 'GET').length;
		await rig.talk(ids);
		expect(await waiting.jsonWithin(9_000)).toMatchObject([{ outcome: 'answered' }]);
		expect(polls).toBeGreaterThan(10);
	});

	it.each<Fault>([
		{ kind: 'status', status: 503 },
		{ kind: 'status', status: 429 },
		{ kind: 'hang', status: 500 },
		{ kind: 'notJson' },
	])('calls without a room if it cannot be created (%j), says so once, and polls', async (fault) => {
		const warn = jest.spyOn(Container.get(Logger), 'warn').mockImplementation(() => undefined);
		rig.simulator.addFault({ ...fault, match: { path: /rooms$/, times: Infinity } });
		const isOne = parameters().operation === 'sendAndWait';
		const startedAtMs = Date.now();
		const { waiting, ids } = await rig.wait(isOne ? 1 : 3, parameters());
		expect(Date.now() - startedAtMs).toBeLessThan(12_000);
		expect(roomsOfCalls()).toEqual(ids.map(() => undefined));
		expect(warn.mock.calls).toEqual([[expect.stringContaining('without a room of their own')]]);
		for (const id of ids) await rig.simulator.moveCall(id, 'rejected');
		expect(await waiting.jsonWithin(40_000)).toMatchObject(ids.map(() => ({ outcome: 'rejected' })));
	});

	it('calls no one if the room that was chosen cannot be created', async () => {
		rig.simulator.addFault({ kind: 'status', status: 503, match: { path: /rooms$/, times: Infinity } });
		const { message } = await rig.failure(parameters({ ownRoom: true }));
		expect(message).toContain("wasn't made, because there is no room for it");
		expect(made(rig)).toEqual([]);
	});

	it.each<[string, IDataObject, unknown]>([
		['it is off', { ownRoom: false }, undefined],
		['there is a Room ID', { roomId: 'abcd-efgh-ijkl' }, 'abcd-efgh-ijkl'],
		['it is off, and there is a Room ID', { ownRoom: false, roomId: 'abcd-efgh-ijkl' }, 'abcd-efgh-ijkl'],
	])('makes no room if %s', async (_what, options, roomId) => {
		await rig.wait(1, parameters(options));
		expect(rooms()).toEqual([]);
		expect(roomsOfCalls()).toEqual([roomId]);
	});
});

it.each<[boolean | undefined, number]>([
	[undefined, 0],
	[true, 1],
])(
	'Where VideoSDK cannot reach n8n, a call has a room only if that is chosen: %s',
	async (ownRoom, count) => {
		rig.useAsPublic();
		await rig.wait(1, makeAndWait({ options: ownRoom === undefined ? {} : { ownRoom } }));
		expect(rooms()).toHaveLength(count);
		expect(made(rig)).toHaveLength(1);
	},
);

it('A call that is recorded has one room, whatever is chosen', async () => {
	for (const options of [{}, { ownRoom: false }, { ownRoom: true }])
		await rig.wait(1, makeAndWait({ recording: 'record', options }));
	const recorded = { body: { autoStartConfig: { recording: {} } } };
	expect(rooms()).toMatchObject([recorded, recorded, recorded]);
	expect(roomsOfCalls()).toEqual([...rig.simulator.rooms.keys()]);
});

it('A call that no execution waits for has no room of its own', async () => {
	await rig.run(byRule({ to: TO }), { items: rows(1) });
	expect(rooms()).toEqual([]);
});
