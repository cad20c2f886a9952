/** A room that is made for what is started is closed, or named, if the start fails. */
import type { Fault } from '../../simulator';
import { byRule, CALL, fromSip } from '../rig/callRig';
import { failureOf, jsonOf, onEachRun, retryOnFail, startParameters, useRig } from '../rig/rig';
import { DOUBTFUL } from '../rig/starts';
import { rows } from '../rig/waitingRun';

const rig = useRig({ callBehaviour: false });
const posts = () => rig.requests.filter(({ method }) => method === 'POST');

it('The room of a call that was not made is closed although the user has stopped the execution', async () => {
	onEachRun((run) => {
		const until = () => setTimeout(() => run.cancel(), 500);
		// The user stops while the call waits to be sent again.
		const headers = { 'retry-after': '30' };
		rig.simulator.addFault({ kind: 'status', status: 429, headers, until, match: { path: /call$/ } });
	});
	await rig.run(fromSip({ recording: 'record' }));
	const [room] = rig.simulator.rooms.values();
	while (!room?.disabled) await new Promise((resolve) => setTimeout(resolve, 20));
	expect(rig.simulator.calls.size).toBe(0);
});

/** Which rooms are closed: see model. */
describe('A room that is made for what is started', () => {
	const open = () => [...rig.simulator.rooms.values()].filter(({ disabled }) => !disabled);
	const KINDS = [
		{ one: 'session', started: 'started', path: /sessions\/start$/, make: startParameters },
		{ one: 'call', started: 'made', path: new RegExp(`^${CALL}$`), make: byRule },
	];

	it.each(KINDS)(
		'is named if a $one is in doubt, or if it could not be closed',
		async ({ path, make, one }) => {
			const parameters = make({ recording: 'record' });
			for (const [status, words, state] of [
				[500, 'may have been', 'is still open'],
				[400, 'Simulated fault', "couldn't be closed"],
			] as const) {
				rig.simulator.rooms.clear();
				rig.simulator.addFault({ kind: 'status', status, match: { path } });
				rig.simulator.addFault({ kind: 'status', status: 403, match: { path: /deactivate$/ } });
				const { message, description } = await rig.failure(parameters);
				rig.simulator.clearFaults();
				const [{ roomId } = { roomId: '' }, ...others] = open();
				expect(others).toEqual([]);
				expect(message).toMatch(new RegExp(`${words}.* \\(room ${roomId}\\) \\[item 0\\]$`));
				expect(description).toContain(`The room ${roomId} was created for the ${one} and ${state}`);
			}
		},
	);

	it('is named for each item in doubt, though one error alone is shown, and again by a Retry in any process', async () => {
		const until = () => posts().length === 4;
		rig.simulator.addFault({ kind: 'status', status: 500, until, match: { path: /start$/, times: 2 } });
		const failed = await rig.run(startParameters({ recording: 'record' }), { items: rows(2) });
		const other = await rig.addEngine({ credentialId: rig.engine.credentialId });
		const retried = [await rig.engine.retry(failed), await other.retry(failed)];
		const [, { roomId = '' } = {}] = rig.simulator.rooms.values();
		for (const run of [failed, ...retried]) {
			const { description } = failureOf(run);
			expect(description).toMatch(/for item 1 may have been/);
			expect(description).toContain(`Created and still open: room ${roomId} (item 1).`);
		}
	});

	it('is named for an item that was not sent since another failed, if it could not be closed', async () => {
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path: /start$/ } });
		rig.simulator.addFault({ kind: 'status', status: 403, match: { path: /deactivate$/, times: 2 } });
		for (const delayMs of [300, 0])
			rig.simulator.addFault({ kind: 'delay', delayMs, match: { path: /rooms$/ } });
		const { description } = await rig.failure(startParameters({ recording: 'record' }), { items: rows(2) });
		expect(description).toMatch(/^Created and still open: room \S+ \(item 0\)\./);
	});

	it.each(KINDS)(
		'is not used again by Retry On Fail: the next try of a $one has its own',
		async ({ path, make }) => {
			rig.simulator.addFault({ kind: 'status', status: 402, match: { path } });
			const result = await rig.run(make({ recording: 'record' }), { node: retryOnFail });
			expect(jsonOf(result)).toMatchObject([{ outcome: 'running' }]);
			const { rooms, calls, sessions } = rig.simulator;
			expect([...rooms.values()].map(({ disabled }) => disabled)).toEqual([true, false]);
			const ofCalls = [...calls.values()].map(({ roomId }) => roomId);
			const ofSessions = [...sessions.values()].map(({ env }) => env?.VIDEOSDK_ROOM_ID);
			expect([...ofCalls, ...ofSessions]).toEqual(open().map(({ roomId }) => roomId));
		},
	);

	it.each(KINDS)(
		'is asked for again if VideoSDK may have made it, and is one room: $one',
		async ({ make }) => {
			rig.simulator.addFault({ kind: 'truncate', match: { path: /^\/v2\/rooms$/ } });
			expect(await rig.json(make({ recording: 'record' }))).toMatchObject([{ outcome: 'running' }]);
			expect(posts().filter(({ path }) => path === '/v2/rooms')).toHaveLength(2);
			expect(rig.simulator.rooms.size).toBe(1);
		},
	);

	it('is closed at once, not after all other items', async () => {
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path: /start$/ } });
		const parameters = startParameters({ recording: 'record', options: { maxConcurrency: 1 } });
		await rig.run(parameters, { items: rows(9), onError: 'continueRegularOutput' });
		const closedAs = posts().findIndex(({ path }) => path.endsWith('deactivate'));
		expect([closedAs < 6, open().length]).toEqual([true, 8]);
	});

	it.each(KINDS)(
		'that cannot be made means that no $one was $started',
		async ({ one, started, path, make }) => {
			const parameters = make({ recording: 'record' });
			for (const fault of [...DOUBTFUL, { kind: 'status', status: 403 } as Fault]) {
				rig.simulator.clearFaults();
				rig.simulator.addFault({ ...fault, match: { path: /^\/v2\/rooms$/, times: 9 } });
				expect((await rig.failure(parameters)).message).toMatch(
					new RegExp(`^The ${one} wasn't ${started}, because there is no room for it: .*\\[item 0\\]$`),
				);
				expect(rig.requests.some((request) => path.test(request.path))).toBe(false);
			}
		},
	);
});
