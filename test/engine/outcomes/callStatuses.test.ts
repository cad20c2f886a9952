/** However VideoSDK writes the record of a call that is over, all operations and the trigger tell how it went, and tell the same. */
import type { CallSpelling, CallStatus } from '../../simulator';
import type { IDataObject } from 'n8n-workflow';
import { callParameters, makeAndWait } from '../rig/callRig';
import { byId, later, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });
const SECOND = 1_000;

/** As VideoSDK's only published sample of a call that is over: the answer isn't logged. */
const AS_PUBLISHED: CallSpelling = {
	words: { initiated: 'INITIATED', answered: 'ANSWERED', ended: 'COMPLETED' },
	unlogged: ['ringing', 'answered'],
};
const TALK: CallStatus[] = ['ringing', 'answered', 'ended'];
const UNKNOWN = { words: { ended: 'hung-up' } };

type Row = [what: string, spelling: CallSpelling, steps: CallStatus[], expected: IDataObject];
it.each<Row>([
	['as published', AS_PUBLISHED, TALK, { outcome: 'answered', answered: true, status: 'COMPLETED' }],
	[
		'busy',
		{ words: { missed: 'busy' } },
		['missed'],
		{ outcome: 'noAnswer', answered: false, status: 'busy' },
	],
	['no answer', { words: { missed: 'no-answer' } }, ['ringing', 'missed'], { outcome: 'noAnswer' }],
	['cancelled', { words: { abandoned: 'cancelled' } }, ['ringing', 'abandoned'], { outcome: 'noAnswer' }],
	[
		'canceled',
		{ words: { abandoned: 'CANCELED' } },
		['abandoned'],
		{ outcome: 'noAnswer', status: 'CANCELED' },
	],
	['a talk in unknown words', UNKNOWN, TALK, { outcome: 'answered', durationSeconds: 10, status: 'hung-up' }],
	[
		'in unknown words, while it rang',
		UNKNOWN,
		['ringing', 'ended'],
		{ outcome: 'noAnswer', answered: false },
	],
	['in unknown words, unclear', UNKNOWN, ['verified', 'ended'], { outcome: 'answered', answered: true }],
	['in unknown words, at once', UNKNOWN, ['ended'], { outcome: 'failed', answered: false }],
	['over at once', {}, ['ended'], { outcome: 'failed', answered: false, status: 'ended' }],
	['unclear', {}, ['verified', 'ended'], { outcome: 'answered', answered: true }],
])(
	'Each operation and the trigger tell the same of a call that is over: %s',
	async (_what, spelling, steps, expected) => {
		rig.simulator.spellCalls(spelling);
		const { waiting, ids } = await rig.wait(1, makeAndWait());
		const [callId = ''] = ids;
		for (const step of steps) {
			if (steps.length > 1) await later(10 * SECOND);
			await rig.simulator.moveCall(callId, step);
		}
		const [item] = (await waiting.jsonWithin(60 * SECOND)) ?? [];
		expect(item).toMatchObject(expected);
		expect(item).not.toHaveProperty('timedOut');

		const result = {
			outcome: item?.outcome,
			answered: item?.answered,
			durationSeconds: item?.durationSeconds,
		};
		const [got] = await rig.json(callParameters('get', { callId: byId(callId) }));
		expect(got).toMatchObject(result);
		const [hungUp] = await rig.json(callParameters('hangUp', { callId: byId(callId) }));
		expect(hungUp).toMatchObject({ ...result, alreadyOver: true });
		const list = async (...outcome: unknown[]) =>
			await rig.json(callParameters('getAll', { filters: { outcome } }));
		expect(await list(result.outcome)).toMatchObject([{ callId, ...result }]);
		const others = ['answered', 'failed', 'noAnswer', 'rejected', 'running', 'transferred'];
		expect(await list(...others.filter((outcome) => outcome !== result.outcome))).toEqual([]);
		const trigger = await rig.engine.publish({ events: ['call-hangup'] });
		await rig.simulator.deliver(trigger.url, { webhookType: 'call-hangup', data: { callId } });
		expect(await trigger.received()).toMatchObject([{ event: 'call-hangup', ...result, call: { callId } }]);
	},
);

it.each<[string, CallSpelling, CallStatus]>([
	['an unknown status without an end', { ...UNKNOWN, hidesEnd: true }, 'ended'],
	['a known status that is no end', { words: { ended: 'switch-room-failed' } }, 'ended'],
])('A call is still running under %s', async (_what, spelling, status) => {
	rig.simulator.spellCalls(spelling);
	const { waiting, ids } = await rig.wait(1, makeAndWait({ options: { hangUpAtTimeout: false } }));
	const [callId = ''] = ids;
	await rig.simulator.moveCall(callId, status);
	expect(await rig.json(callParameters('getAll', { filters: { outcome: ['running'] } }))).toHaveLength(1);
	const trigger = await rig.engine.publish({ events: ['call-hangup'] });
	await rig.simulator.deliver(trigger.url, { webhookType: 'call-hangup', data: { callId } });
	const [event] = await trigger.received();
	expect(event).toMatchObject({ call: { outcome: 'running' } });
	expect(event).not.toHaveProperty('outcome');
	expect(await waiting.jsonWithin()).toMatchObject([{ outcome: 'running', timedOut: true }]);
});

it('An end in unknown words counts when it was seen three times, and the list is enough for that', async () => {
	rig.simulator.spellCalls(UNKNOWN);
	const { waiting, ids } = await rig.wait(5, makeAndWait());
	await later(SECOND);
	await rig.talk(ids);
	const endedAtMs = Date.now();
	const items = (await waiting.jsonWithin(60 * SECOND)) ?? [];
	expect(items.map(({ callId, outcome }) => [callId, outcome])).toEqual(ids.map((id) => [id, 'answered']));
	expect(Date.now() - endedAtMs).toBeGreaterThanOrEqual(10 * SECOND);
	expect(Date.now() - endedAtMs).toBeLessThan(20 * SECOND);
});
