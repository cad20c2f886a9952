/** How calls come out that another answer of the API contradicts: a list that lags behind, the answer to Hang Up When Max Wait Ends. */
import type { IDataObject } from 'n8n-workflow';
import { byRule } from './callRig';
import { useRig } from './rig';
import { rows } from './waitingRun';

const rig = useRig({ callBehaviour: false as const });
const later = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

it('queue mode: a list that lags does not undo what the process that polled has found by GET', async () => {
	const waiting = await rig.engine.startAndWait(
		600_000,
		{ ...byRule(), operation: 'makeAndWait' },
		{ items: rows(3) },
	);
	waiting.receiver = await rig.addEngine();
	const calls = [...rig.simulator.calls.values()];
	for (const { callId } of calls) await rig.simulator.moveCall(callId, 'answered');
	for (const { callId } of calls.slice(0, 2)) await rig.simulator.moveCall(callId, 'ended');
	// Until the list has told of two ends, so that the third is asked for by its ID.
	const byId = () => rig.requests.some(({ path }) => path === `/v2/sip/call/${calls[2]!.callId}`);
	while (!byId()) await later(20);
	// The list is some seconds behind.
	const stale = structuredClone(calls) as unknown as IDataObject[];
	await rig.simulator.moveCall(calls[2]!.callId, 'ended');
	rig.simulator.addFault({
		kind: 'status',
		status: 200,
		body: { data: stale, pageInfo: { total: 3, perPage: 50, currentPage: 1, lastPage: 1 } },
		match: { method: 'GET', path: /\/v2\/sip\/call$/, times: 99 },
	});
	const output = await waiting.jsonWithin();
	expect(output?.map(({ outcome, status, timedOut }) => ({ outcome, status, timedOut }))).toEqual(
		Array(3).fill({ outcome: 'answered', status: 'ended', timedOut: undefined }),
	);
});

const step = (status: string) => ({ status, timestamp: '2026-01-15T10:00:00.000Z' });
it.each([
	['was still ringing, no timelog in the answer', ['ringing'], undefined, 'noAnswer'],
	[
		'was talking, the answer has the timelog of its start',
		['ringing', 'answered'],
		[step('initiated')],
		'answered',
	],
])('Hang Up When Max Wait Ends of a call that %s', async (_what, statuses, timelog, outcome) => {
	const waiting = await rig.engine.startAndWait(20_000, {
		...byRule({ options: { hangUpAtTimeout: true } }),
		operation: 'makeAndWait',
	});
	const [call] = rig.simulator.calls.values();
	for (const status of statuses) await rig.simulator.moveCall(call!.callId, status as 'ended');
	rig.simulator.addFault({
		kind: 'status',
		status: 200,
		body: { message: 'ok', data: { callId: call!.callId, status: 'ended', ...(timelog && { timelog }) } },
		match: { method: 'POST', path: /call\/end$/, times: 9 },
	});
	const [item] = (await waiting.jsonWithin()) ?? [];
	expect(item).toMatchObject({ hungUpAtTimeout: true, outcome });
});
