import { ExecuteContext } from 'n8n-core';
import type { IDataObject } from 'n8n-workflow';
import type { CallStatus } from '../simulator';
import { byRule } from './callRig';
import { eventBody } from './delivery';
import { failureOf, jsonOf, useRig } from './rig';
import { rows } from './waitingRun';

const rig = useRig({ callBehaviour: false });

/** The first poll comes 2 s after the start. */
const FIRST_POLL_MS = 2_000;
const MAX_WAIT_MS = 600_000;

describe('Start and Wait for several items', () => {
	it('stops when a start fails, names what was started, and nothing waits', async () => {
		rig.simulator.addFault({ match: { path: /start$/, times: 1 }, kind: 'status', status: 403 });
		const { result } = await rig.engine.startAndWait(
			FIRST_POLL_MS,
			{ options: { maxConcurrency: 2 } },
			{ items: rows(3) },
		);
		expect(result.run.status).toBe('error');
		const { message, description } = failureOf(result);
		expect(message).toContain("VideoSDK doesn't allow this");
		for (const sessionId of rig.simulator.sessions.keys()) expect(description).toContain(sessionId);
		const asked = rig.requests.length;
		await new Promise((resolve) => setTimeout(resolve, FIRST_POLL_MS + 500));
		expect(rig.requests).toHaveLength(asked);
	});

	it.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const)(
		'names what was started if n8n cannot wait: %s',
		async (onError) => {
			jest.spyOn(ExecuteContext.prototype, 'putExecutionToWait').mockRejectedValue(new Error('No database'));
			const { result } = await rig.engine.startAndWait(FIRST_POLL_MS, {}, { items: rows(2), onError });
			const sessionIds = [...rig.simulator.sessions.keys()];
			expect(sessionIds).toHaveLength(2);
			if (onError === 'stopWorkflow') {
				const { message, description } = failureOf(result);
				expect(message).toContain('No database');
				for (const sessionId of sessionIds) expect(description).toContain(sessionId);
				return;
			}
			const { success, failure } = result.routed;
			expect((onError === 'continueErrorOutput' ? failure : success).map(({ json }) => json)).toMatchObject(
				sessionIds.map((sessionId) => ({ sessionId, error: 'No database' })),
			);
		},
	);

	it('a try after n8n could not wait reads the same items again', async () => {
		jest
			.spyOn(ExecuteContext.prototype, 'putExecutionToWait')
			.mockRejectedValueOnce(new Error('No database'));
		rig.simulator.addFault({ match: { body: /Bob/, times: 1 }, kind: 'status', status: 403 });
		const env = { variables: [{ name: 'CUSTOMER', value: '={{ $json.customer }}' }] };
		const options = {
			items: [{ customer: 'Ada' }, { customer: 'Bob' }],
			onError: 'continueRegularOutput' as const,
			node: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
		};
		await rig.engine.startAndWait(FIRST_POLL_MS, { env }, options);
		const starts = rig.requests.filter(({ method }) => method === 'POST');
		expect(starts.map(({ body }) => (body as { env: IDataObject }).env.CUSTOMER)).toEqual([
			'Ada',
			'Bob',
			'Bob',
		]);
	});

	it('does not wait if nothing could be started, or all have ended', async () => {
		rig.simulator.addFault({ match: { path: /start$/, times: 2 }, kind: 'status', status: 403 });
		const failed = await rig.engine.startAndWait(
			FIRST_POLL_MS,
			{},
			{ items: rows(2), onError: 'continueRegularOutput' },
		);
		expect(failed.result.run.status).toBe('success');
		expect(jsonOf(failed.result)).toEqual([
			{ error: expect.stringContaining("doesn't allow") },
			{ error: expect.stringContaining("doesn't allow") },
		]);
		rig.simulator.addFault({
			match: { path: /start$/, times: 1 },
			kind: 'status',
			status: 200,
			body: { data: { sessionId: 'over', status: 'Completed' } },
		});
		const over = await rig.engine.startAndWait(FIRST_POLL_MS);
		expect(over.result.run.status).toBe('success');
		expect(jsonOf(over.result)).toMatchObject([{ sessionId: 'over', status: 'Completed', event: 'stopped' }]);
	});

	it('two items for which the API answers the same session come out alike', async () => {
		const body = { data: { sessionId: 'same', status: 'queued' } };
		rig.simulator.addFault({ match: { path: /start$/, times: 2 }, kind: 'status', status: 200, body });
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, {}, { items: rows(2) });
		rig.simulator.addFault({
			match: { path: /same$/ },
			kind: 'status',
			status: 200,
			body: { sessionId: 'same', status: 'failed' },
		});
		const json = { sessionId: 'same', status: 'failed', event: 'failed' };
		expect(await waiting.jsonWithin()).toMatchObject([json, json]);
		expect(waiting.handedOver.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
	});

	it('stores no secret, and shows its own key in no output', async () => {
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, {}, { items: rows(2) });
		for (const session of rig.simulator.sessions.values()) session.status = 'stopped';
		const output = await waiting.resumedWithin();
		const [own, ...others] = waiting.requests.filter(({ headers }) => headers['x-agent-cloud-key']);
		expect(others).toEqual([]);
		expect(JSON.stringify(waiting.result.run.data)).not.toContain(rig.simulator.secret);
		expect(JSON.stringify(output)).not.toContain(String(own?.headers['x-agent-cloud-key']));
	});

	it('puts out the room of a session, which the API does not name', async () => {
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, { options: { roomId: 'abcd-efgh-ijkl' } });
		const [session] = [...rig.simulator.sessions.values()];
		expect(session).toBeDefined();
		if (session) session.status = 'stopped';
		const roomId = 'abcd-efgh-ijkl';
		expect(await waiting.jsonWithin()).toEqual([
			expect.objectContaining({ sessionId: session?.sessionId, event: 'stopped', roomId }),
		]);
	});

	it('is resumed by the last event, not by those before it', async () => {
		// No poll comes between.
		const maxWait = '={{ $json.index + 1 }}';
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, { maxWait }, { items: rows(3) });
		// n8n's own deadline is that of the longest wait, three minutes, and a minute and a half.
		expect(Number(waiting.result.run.waitTill) - Date.now()).toBeGreaterThan(200_000);
		const sessions = [...rig.simulator.sessions.values()];
		for (const [index, session] of sessions.entries()) {
			expect(waiting.output).toBeUndefined();
			session.status = 'failed';
			const event = eventBody('failed', `session-${session.sessionId}`);
			const { status } = await rig.simulator.deliver(String(session.webhook?.endPoint), event);
			expect([index, status]).toEqual([index, 200]);
		}
		expect(await waiting.jsonWithin()).toEqual(
			sessions.map(({ sessionId }) => expect.objectContaining({ sessionId, event: 'failed' })),
		);
	});
});

describe('Make and Wait', () => {
	it('waits until all calls are over, however they ended', async () => {
		const ends: CallStatus[] = ['ended', 'missed', 'rejected'];
		const parameters = { ...byRule(), operation: 'makeAndWait' };
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { items: rows(3) });
		const calls = [...rig.simulator.calls.values()];
		for (const [index, call] of calls.entries())
			await rig.simulator.moveCall(call.callId, ends[index] as CallStatus);
		const output = await waiting.jsonWithin();
		expect(output).toEqual(
			calls.map(({ callId }, index) => expect.objectContaining({ callId, status: ends[index] })),
		);
		for (const json of output ?? []) expect(json).not.toHaveProperty('timedOut');
		expect(waiting.requests).toHaveLength(1);
	});
});
