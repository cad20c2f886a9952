/** Hang Up and End: what is over already is no failure, and a lost answer does no harm. */
import type { INodeParameters } from 'n8n-workflow';
import type { Fault } from '../../simulator';
import { byRule, CALL, callParameters } from '../rig/callRig';
import { failureOf, jsonOf, parametersOf, SESSIONS, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });

const KINDS = [
	{
		operation: 'Call: Hang Up',
		path: CALL,
		over: 'ended',
		begin: async () => String((await rig.json(byRule()))[0]?.callId),
		end: (callId: string, options = {}) => callParameters('hangUp', { callId, options }),
		finish: async (id: string): Promise<unknown> => await rig.simulator.moveCall(id, 'missed'),
	},
	{
		operation: 'Session: End',
		path: SESSIONS,
		over: 'completed',
		begin: async () => await rig.existingSession(),
		end: (sessionId: string, options = {}) => parametersOf('session', 'end', { sessionId, options }),
		finish: async (id: string): Promise<unknown> => await rig.simulator.emit(id, 'failed'),
	},
];

describe.each(KINDS)('$operation', ({ path, over, begin, end, finish }) => {
	const endPath = new RegExp(`^${path}/end$`);
	const fail = (fault: Fault, times = 1) =>
		rig.simulator.addFault({ ...fault, match: { path: endPath, times } });
	const run = async (id: string, options?: INodeParameters) => await rig.run(end(id, options));
	const endRequests = () => rig.requests.filter((request) => endPath.test(request.path));

	it.each([200, 409, 400, 402, 404])(
		'puts out what was over already, if the API says so by %i',
		async (status) => {
			const id = await begin();
			await finish(id);
			fail({ kind: 'status', status, body: { success: false, message: 'Not active' } });
			const [record] = jsonOf(await run(id));
			expect(record).toMatchObject({ alreadyOver: true });
			expect(record?.outcome).not.toBe('running');
			expect(endRequests()).toHaveLength(1);
		},
	);

	it.each([200, 409, 400, 404])('fails in the words of the API if it still runs: %i', async (status) => {
		const id = await begin();
		fail({ kind: 'status', status, body: { success: false, message: 'Not now' } });
		const { message, description } = failureOf(await run(id));
		expect(`${message} ${description}`).toContain('Not now');
		expect(endRequests()).toHaveLength(1);
	});

	const PAGE: Fault = { kind: 'status', status: 200, body: '<html>Please log in</html>' };
	const WORDS: Fault = { kind: 'status', status: 200, body: { message: 'Accepted' } };
	it.each<[string, Fault, requests: number]>([
		['a connection cut after it was done', { kind: 'reset' }, 1],
		['half an answer', { kind: 'truncate' }, 1],
		['no answer', { kind: 'hang' }, 1],
		['an answer that drips', { kind: 'drip' }, 1],
		['an answer without a record', { kind: 'noData', body: { message: 'Done' } }, 1],
		// The record shows that it goes on.
		["a proxy's page", PAGE, 2],
		['words alone', WORDS, 2],
		['a connection cut before', { kind: 'reset', status: 500 }, 2],
		['status 503', { kind: 'status', status: 503 }, 2],
	])('counts as done after %s, by as many requests as that takes', async (_what, fault, requests) => {
		const id = await begin();
		fail(fault);
		const [record] = jsonOf(await run(id, { timeout: 1_000 }));
		expect(record).toMatchObject({ status: over });
		// We have ended it ourselves.
		expect(record).not.toHaveProperty('alreadyOver');
		expect(endRequests()).toHaveLength(requests);
	});

	it('does not count as over before if the first request has ended it after all', async () => {
		const id = await begin();
		fail({ kind: 'status', status: 503 });
		const until = () => {
			void finish(id);
			return true;
		};
		fail({ kind: 'status', status: 409, body: { message: 'Not active' }, until });
		const [record] = jsonOf(await run(id));
		expect(record?.outcome).not.toBe('running');
		expect(record).not.toHaveProperty('alreadyOver');
		expect(endRequests()).toHaveLength(2);
	});

	it.each<[string, Fault]>([
		['status 500', { kind: 'status', status: 500 }],
		['unexpected response', PAGE],
		['unexpected response', WORDS],
	])('gives up after three requests: %s', async (words, fault) => {
		const id = await begin();
		fail(fault, 9);
		expect(failureOf(await run(id)).message).toContain(words);
		expect(endRequests()).toHaveLength(3);
	});

	it('of several, shows the item that failed first, also if another one keeps it from being tried again', async () => {
		const ids = [await begin(), await begin()];
		fail({ kind: 'status', status: 503 });
		// The second is sent while the first pauses.
		fail({ kind: 'status', status: 403 });
		const { message } = await rig.failure(end('={{ $json.id }}'), { items: ids.map((id) => ({ id })) });
		expect(message).toMatch(/status 503.*item 0/);
	});

	it.each([401, 403])('does not look it up after %i', async (status) => {
		const id = await begin();
		rig.simulator.requests.length = 0;
		fail({ kind: 'status', status });
		expect(failureOf(await run(id)).message).toContain(`status ${status}`);
		expect(rig.requests).toHaveLength(1);
	});
});

it.each([
	[504, 'stopping', true],
	[504, 'STOPPING', true],
	[409, 'stopping', false],
])('Session: End, answered by %d while it is %s, has ended it: %s', async (status, state, isEnded) => {
	const id = await rig.existingSession();
	rig.simulator.sessions.get(id)!.status = state as 'stopping';
	rig.simulator.addFault({ kind: 'status', status, match: { path: /end$/, times: Infinity } });
	const result = await rig.run(KINDS[1]!.end(id));
	if (isEnded) expect(jsonOf(result)).toMatchObject([{ status: state }]);
	else expect(failureOf(result).message).toContain(`status ${status}`);
	expect(rig.requests.filter(({ path }) => path.endsWith('/end'))).toHaveLength(1);
});
