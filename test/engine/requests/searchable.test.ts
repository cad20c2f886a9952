import { type IRun, LoggerProxy } from 'n8n-workflow';
import { eventBody } from '../rig/delivery';
import { byRule } from '../rig/callRig';
import { jsonOf, startParameters, useRig } from '../rig/rig';
import { rows } from '../rig/waitingRun';

const rig = useRig();

/** By what n8n's search finds an execution. */
const metadataOf = ({ data }: IRun) => data.resultData.metadata;

describe('An execution can be found', () => {
	it('by all sessions that it started, as far as n8n keeps them', async () => {
		const result = await rig.run(startParameters(), { items: rows(30) });
		const ids = jsonOf(result).map(({ sessionId }) => String(sessionId));
		const { sessionId = '' } = metadataOf(result.run) ?? {};
		const all = ids.join(', ').slice(0, 255);
		expect(sessionId).toBe(all.replace(/, [^,]*$/, ''));
	});

	it('by those that another node of the workflow has started, as well', async () => {
		const sessionId = '={{ $execution.customData.set("sessionId", "earlier") ?? "" }}';
		const result = await rig.run(startParameters({ env: { variables: [{ name: 'A', value: sessionId }] } }));
		const [session] = jsonOf(result);
		expect(metadataOf(result.run)).toEqual({ sessionId: `earlier, ${String(session?.sessionId)}` });
	});

	it('by no more than n8n takes without an error in its log, each ID once', async () => {
		const error = jest.spyOn(LoggerProxy, 'error').mockImplementation();
		const full = 'x'.repeat(300);
		const sessionId = `={{ $execution.customData.set("sessionId", "${full}") ?? "" }}`;
		const result = await rig.run(startParameters({ env: { variables: [{ name: 'A', value: sessionId }] } }), {
			items: rows(2),
		});
		expect(metadataOf(result.run)).toEqual({ sessionId: full });
		// The expression's own, once for each item.
		expect(error).toHaveBeenCalledTimes(2);
	});

	it('by nothing if it only listed what there is', async () => {
		for (let count = 0; count < 2; count++) await rig.existingSession();
		const { run } = await rig.run({ resource: 'session', operation: 'getAll' });
		expect([run.status, metadataOf(run)]).toEqual(['success', undefined]);
	});

	it('by the calls that it waits for, so that whoever stopped it knows what to hang up', async () => {
		const call = byRule({ operation: 'makeAndWait', options: { ownRoom: true } });
		const { waiting, ids } = await rig.wait(1, call, 20_000);
		const { run } = waiting.result;
		const [callId = ''] = ids;
		const roomId = rig.simulator.calls.get(callId)?.roomId;
		expect([run.status, metadataOf(run)]).toEqual(['waiting', { callId, roomId }]);
		await waiting.close();
	});

	it('by the IDs of the event that started it', async () => {
		const trigger = await rig.engine.publish({ events: ['call-hangup', 'ai-deployment-session-started'] });
		await rig.simulator.deliver(trigger.url, eventBody('started'));
		await rig.simulator.sendCallEvent(trigger.url, 'call-hangup', { callId: 'call-1', roomId: 'abcd' });
		await trigger.settled();
		expect(trigger.runs.map(({ run }) => metadataOf(run))).toEqual([
			{ sessionId: '6f1c' },
			{ callId: 'call-1', roomId: 'abcd' },
		]);
	});

	it('but not by an ID that n8n would cut', async () => {
		const trigger = await rig.engine.publish({ events: ['call-hangup'] }, { mode: 'manual' });
		const callId = 'x'.repeat(600);
		await rig.simulator.sendCallEvent(trigger.url, 'call-hangup', { callId });
		expect(await trigger.received()).toMatchObject([{ callId }]);
		expect(trigger.runs.map(({ run }) => metadataOf(run))).toEqual([undefined]);
	});
});
