import { ExecuteContext } from 'n8n-core';
import type { IDataObject } from 'n8n-workflow';
import type { CallStatus } from '../simulator';
import { byRule } from './callRig';
import { eventBody } from './delivery';
import { failureOf, useRig } from './rig';
import { unrefLongTimers } from './waitingRun';

const rig = useRig({ callBehaviour: false });

beforeEach(unrefLongTimers);

const END_PATH = '/v2/sip/call/end';
/** The first poll comes 2 s after the start. */
const FIRST_POLL_MS = 2_000;
/** Longer than any poll is waited for. */
const PATIENCE_MS = 15_000;
const MAX_WAIT_MS = 20_000;
const rows = (count: number) => Array.from({ length: count }, (_, index) => ({ index }));
const jsonOf = (output: Array<{ json: IDataObject }> | undefined) => output?.map(({ json }) => json);

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

	it('names what was started if n8n cannot wait', async () => {
		jest.spyOn(ExecuteContext.prototype, 'putExecutionToWait').mockRejectedValue(new Error('No database'));
		const { result } = await rig.engine.startAndWait(FIRST_POLL_MS, {}, { items: rows(2) });
		const { message, description } = failureOf(result);
		expect(message).toContain('No database');
		expect(rig.simulator.sessions.size).toBe(2);
		for (const sessionId of rig.simulator.sessions.keys()) expect(description).toContain(sessionId);
	});

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
		expect(jsonOf(failed.result.output[0])).toEqual([
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
		expect(jsonOf(over.result.output[0])).toMatchObject([
			{ sessionId: 'over', status: 'Completed', event: 'stopped' },
		]);
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
		const output = await waiting.resumedWithin(PATIENCE_MS);
		expect(jsonOf(output)).toMatchObject(
			Array(2).fill({ sessionId: 'same', status: 'failed', event: 'failed' }),
		);
		expect(output?.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
	});

	it('stores neither the key of its own requests nor a secret', async () => {
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, {}, { items: rows(2) });
		for (const session of rig.simulator.sessions.values()) session.status = 'stopped';
		await waiting.resumedWithin(PATIENCE_MS);
		const own = waiting.requests.filter(({ headers }) => headers['x-agent-cloud-poll-key']);
		expect(own).toHaveLength(1);
		const stored = JSON.stringify(waiting.result.run.data);
		expect(stored).not.toContain(String(own[0]?.headers['x-agent-cloud-poll-key']));
		expect(stored).not.toContain(rig.simulator.secret);
	});

	it('polls each item with its own credential', async () => {
		const other = await rig.addSimulator({ lifecycle: false });
		const projects = [rig.simulator, other];
		const { credentialsHelper } = rig.engine;
		const read = credentialsHelper.getDecrypted.bind(credentialsHelper);
		jest.spyOn(credentialsHelper, 'getDecrypted').mockImplementation(async (...args) => {
			const [, , , , , isRaw, resolve] = args as unknown[] as [
				0,
				0,
				0,
				0,
				0,
				boolean | undefined,
				{ itemIndex: number } | undefined,
			];
			if (isRaw) return { apiKey: '={{ $json.apiKey }}' };
			const project = projects[resolve?.itemIndex ?? 0] ?? rig.simulator;
			const { apiKey, secret, url } = project;
			return { ...(await read(...args)), apiKey, secretKey: secret, baseUrl: url };
		});
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, {}, { items: rows(2) });
		expect(projects.map(({ sessions }) => sessions.size)).toEqual([1, 1]);
		const ids = projects
			.flatMap(({ sessions }) => [...sessions.values()])
			.map((session) => {
				session.status = 'stopped';
				return session.sessionId;
			});
		const output = await waiting.resumedWithin(PATIENCE_MS);
		expect(jsonOf(output)).toEqual(
			ids.map((sessionId) => expect.objectContaining({ sessionId, event: 'stopped' })),
		);
	});

	it('puts out the room that was created for a session, which the API does not name', async () => {
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, { room: 'create' });
		const [session] = [...rig.simulator.sessions.values()];
		expect(session).toBeDefined();
		if (session) session.status = 'stopped';
		const [roomId] = rig.simulator.rooms.keys();
		expect(jsonOf(await waiting.resumedWithin(PATIENCE_MS))).toEqual([
			expect.objectContaining({ sessionId: session?.sessionId, event: 'stopped', roomId }),
		]);
	});

	it('is resumed by the last event, not by those before it', async () => {
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, {}, { items: rows(3) });
		const sessions = [...rig.simulator.sessions.values()];
		for (const [index, session] of sessions.entries()) {
			expect(waiting.output).toBeUndefined();
			session.status = 'failed';
			const event = eventBody('failed', `session-${session.sessionId}`);
			const { status } = await rig.simulator.deliver(String(session.webhook?.endPoint), event);
			expect([index, status]).toEqual([index, 200]);
		}
		expect(jsonOf(await waiting.resumedWithin(PATIENCE_MS))).toEqual(
			sessions.map(({ sessionId }) => expect.objectContaining({ sessionId, event: 'failed' })),
		);
	});
});

describe('Make and Wait', () => {
	async function start(maxWaitMs: number, count: number, more: IDataObject = {}) {
		const parameters = { ...byRule(more), operation: 'makeAndWait' };
		const waiting = await rig.engine.startAndWait(maxWaitMs, parameters, { items: rows(count) });
		expect(waiting.result.run.status).toBe('waiting');
		return { waiting, calls: [...rig.simulator.calls.values()] };
	}

	it('waits until all calls are over, however they ended', async () => {
		const ends: CallStatus[] = ['ended', 'missed', 'rejected'];
		const { waiting, calls } = await start(MAX_WAIT_MS, 3);
		for (const [index, call] of calls.entries())
			await rig.simulator.moveCall(call.callId, ends[index] as CallStatus);
		const output = await waiting.resumedWithin(PATIENCE_MS);
		expect(jsonOf(output)).toEqual(
			calls.map(({ callId }, index) => expect.objectContaining({ callId, status: ends[index] })),
		);
		for (const json of jsonOf(output) ?? []) expect(json).not.toHaveProperty('timedOut');
		expect(waiting.requests).toHaveLength(1);
	});

	it('hangs up at the deadline where that is wanted, once', async () => {
		const { waiting, calls } = await start(3_000, 2, { options: { hangUpAtTimeout: true } });
		const [talking, over] = calls.map(({ callId }) => callId) as [string, string];
		await rig.simulator.moveCall(talking, 'answered');
		await rig.simulator.moveCall(over, 'ended');
		const output = jsonOf(await waiting.resumedWithin(3_000 + PATIENCE_MS));
		expect(output).toEqual([
			expect.objectContaining({ callId: talking, status: 'ended', timedOut: true, hungUpAtTimeout: true }),
			expect.objectContaining({ callId: over, status: 'ended' }),
		]);
		expect(output?.[1]).not.toHaveProperty('timedOut');
		expect(rig.requests.filter(({ path }) => path === END_PATH).map(({ body }) => body)).toEqual([
			{ callId: talking },
		]);
	});

	it('takes no event for the end of a call', async () => {
		const { waiting, calls } = await start(4_000, 1);
		const url = `${waiting.webhookWaitingBaseUrl}/1/videosdk`;
		const event = { webhookType: 'call-hangup', data: { callId: calls[0]?.callId } };
		expect((await rig.simulator.deliver(url, event)).status).toBe(401);
		expect((await rig.simulator.deliver(url, event, { signature: null })).status).toBe(401);
		expect(waiting.output).toBeUndefined();
	});
});
