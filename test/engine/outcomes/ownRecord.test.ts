/** A record with another ID, as a cache in front of VideoSDK may give it, says nothing of the call or session that was asked for. */
import type { INodeParameters } from 'n8n-workflow';
import { byRule, callParameters } from '../rig/callRig';
import { byId, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });
const OTHER = {
	callId: 'other',
	sessionId: 'session-other',
	roomId: 'room-other',
	to: '+4930999',
	status: 'ended',
	start: '2026-01-01T00:00:00Z',
	end: '2026-01-01T00:01:00Z',
	timelog: [{ status: 'answered', timestamp: '2026-01-01T00:00:10Z' }],
};
beforeEach(() => {
	const match = { method: 'GET', path: /sip\/call|sessions/, times: 9 };
	rig.simulator.addFault({ kind: 'noData', body: { data: OTHER }, match });
});

it('An event comes with no other call than its own', async () => {
	const trigger = await rig.engine.publish({ events: ['call-missed'] });
	await rig.simulator.deliver(trigger.url, { webhookType: 'call-missed', data: { callId: 'mine' } });
	const [item] = await trigger.received();
	expect(item).toMatchObject({ callId: 'mine', outcome: 'noAnswer' });
	expect(JSON.stringify(item)).not.toContain('+4930999');
});

it.each([
	callParameters('get', { callId: byId('mine') }),
	callParameters('get', { callId: byId('mine'), include: ['transcript'] }),
	callParameters('hangUp', { callId: byId('mine') }),
	{ resource: 'session', operation: 'get', sessionId: byId('mine') },
	{ resource: 'session', operation: 'end', sessionId: byId('mine') },
])('A record with another ID is not shown: %j', async (parameters) => {
	rig.simulator.addTranscription({ roomId: OTHER.roomId, sessionId: OTHER.sessionId });
	rig.simulator.addFault({ kind: 'status', status: 404, match: { method: 'POST' } });
	const run = await rig.run(parameters);
	expect(run.error).toBeDefined();
	expect(JSON.stringify(run.output)).not.toContain('+4930999');
});

it('A call ID counts in any capitals', async () => {
	expect((await rig.run(callParameters('get', { callId: byId('OTHER') }))).error).toBeUndefined();
});

it.each<['callId' | 'sessionId', INodeParameters]>([
	['callId', byRule({ operation: 'makeAndWait' })],
	['sessionId', {}],
])('In other capitals, it is the same ID: %s', async (idField, parameters) => {
	rig.simulator.clearFaults();
	const { waiting, ids } = await rig.wait(1, parameters);
	const [id = ''] = ids;
	const body = { data: { [idField]: id.toUpperCase(), status: 'failed' } };
	rig.simulator.addFault({ kind: 'noData', body, match: { method: 'GET', times: Infinity } });
	expect(await waiting.jsonWithin(60_000)).toMatchObject([{ [idField]: id, outcome: 'failed' }]);
});
