/**
 * Executions that wait, in a real n8n: each continues once, with an item for each row, whatever order the ends come in, also after a
 * restart or crash. What is known of a conversation, and when it is asked about, is tested in test/engine/model and test/unit.
 */
import { waitFor } from '../../n8n/processes';
import type { Execution, WorkflowNode } from '../../n8n/rest';
import { outputOf } from '../../n8n/rest';
import type { SimulatedCall, SimulatedSession } from '../../simulator';
import { readStaticData } from '../../n8n/database';
import {
	during,
	endSession,
	eventBody,
	isWaiting,
	n8nOptions,
	publish,
	publishTrigger,
	runEnded,
	untilPublished,
	untilWaiting,
	VERSIONS,
} from '../deliveries';
import type { Setup } from '../setup';
import { chain, itemNodes, jsonNode, n8nNode, ourNode, setUp, to, webhookNode } from '../setup';

const WAIT = 'Wait for all';
const LAST = 'Count';
/** Called by the last node, so that it is known how often an execution continued. The simulator knows no such path. */
const COUNTED_PATH = '/continued/';
const ROWS = { '2.41.1': 200, '1.123.81': 40 } as const;
const CALL_ENDS = ['missed', 'rejected', 'failed', 'ended', 'transferred', 'not-answered', 'abandoned'];
/** More than the minute after which n8n looks for deadlines that are near. */
const LOOP_MAX_WAIT_S = 66;
/** By then a timer that n8n had set for the first session's deadline would have struck. */
const AFTER_DEADLINE_MS = 30_000;
/** n8n's own deadline comes more than three minutes after ours (waiting/budget.ts). */
const N8N_DEADLINE_MS = 360_000;

type Started = SimulatedSession | SimulatedCall;

interface Waiting<T extends Started = SimulatedSession> {
	executionId: string;
	/** In the order of the rows. */
	started: T[];
}

const metaData = {
	entries: [
		{ key: 'case', value: '={{ $json.case }}' },
		{ key: 'index', value: '={{ $json.index }}' },
	],
};
const SESSIONS = {
	resource: 'session',
	operation: 'startAndWait',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
	metaData,
	maxWait: '={{ $json.maxWait }}',
	maxWaitUnit: 'minutes',
};
const CALLS = {
	resource: 'call',
	operation: 'makeAndWait',
	to: "={{ '+' + (15550003000 + $itemIndex) }}",
	callVia: 'gateway',
	gatewayId: { __rl: true, mode: 'id', value: 'gw_out_01' },
	metaData,
};

/** The same values in an order that is the same in each run, and not their own. */
const shuffled = <T>(values: T[]): T[] =>
	values
		.map((value, index) => ({ value, key: (index * 7_919) % 1_009 }))
		.sort((a, b) => a.key - b.key)
		.map(({ value }) => value);

describe.each(VERSIONS)('Waiting in n8n %s', (version) => {
	let setup: Setup;
	let caseNumber = 0;

	beforeAll(async () => {
		setup = await setUp({
			n8n: n8nOptions(version),
			// Hundreds of events may be on their way at once.
			simulator: { lifecycle: false, callBehaviour: false, deliveryTimeoutMs: 60_000 },
		});
		await publishWait('sessions', SESSIONS);
		await publishWait('calls', CALLS);
	});
	afterAll(async () => await setup?.stop());

	/** Publishes Webhook, Row, the node that waits, and what follows; the last node counts. */
	async function publishWait(
		path: string,
		parameters: object,
		settings: object = {},
		after: WorkflowNode[] = [],
	) {
		const url = `=${setup.simulator.url}${COUNTED_PATH}{{ $execution.id }}`;
		const nodes = [
			webhookNode(path),
			n8nNode('Rows', 'splitOut', { fieldToSplitOut: 'body.rows', options: {} }),
			jsonNode('Row', "={{ $json['body.rows'] ?? $json.rows ?? $json }}"),
			ourNode(setup, WAIT, 'videoSdkAgentCloud', parameters),
			...after,
			jsonNode('After', "={{ { row: $('Row').item.json.index } }}"),
			{
				...n8nNode(LAST, 'httpRequest', { url, options: {} }, 4.2),
				...{ onError: 'continueRegularOutput', executeOnce: true },
			},
		];
		await publish(setup.n8n, { ...chain(`Wait ${path}`, nodes as WorkflowNode[]), settings } as never);
		await untilPublished(setup.n8n.url, path);
	}

	const dataOf = (started: Started) => ('metadata' in started ? started.metadata : started.metaData);
	const startedIn = <T extends Started>(name: string) =>
		([...setup.simulator.sessions.values(), ...setup.simulator.calls.values()] as Started[])
			.filter((started) => dataOf(started)?.case === name)
			.sort((a, b) => Number(dataOf(a)?.index) - Number(dataOf(b)?.index)) as T[];

	/** Starts an execution with so many rows, and waits until it waits. */
	async function start<T extends Started = SimulatedSession>(
		path: string,
		rows: number,
		maxWait = 60,
	): Promise<Waiting<T>> {
		const name = `case-${++caseNumber}`;
		const body = {
			rows: Array.from({ length: rows }, (_, index) => ({ case: name, index: String(index), maxWait })),
		};
		const known = new Set((await setup.n8n.rest.listExecutions()).map(({ id }) => id));
		expect((await setup.n8n.rest.triggerByWebhook(path, body)).status).toBe(200);
		const executionId = await waitFor(
			'the execution to wait',
			async () => {
				const execution = (await setup.n8n.rest.listExecutions()).find(({ id }) => !known.has(id));
				if (execution?.status !== 'waiting') return undefined;
				return isWaiting(await setup.n8n.rest.getExecution(execution.id)) ? execution.id : undefined;
			},
			60_000 + 500 * rows,
			50,
		);
		return { executionId, started: startedIn<T>(name) };
	}

	const urlOf = ({ webhook }: SimulatedSession) => String(webhook?.endPoint);
	const deliver = async (
		session: SimulatedSession,
		status: 'started' | 'stopped' | 'failed',
		signature?: string | null,
		url = urlOf(session),
	) => (await setup.simulator.deliver(url, eventBody(session.sessionId, status), { signature })).status;
	const endOf = (index: number) => (index % 3 === 0 ? ('failed' as const) : ('stopped' as const));
	/** Ends one without an event. */
	const endQuietly = (started: Started, status: string) =>
		Object.assign(started, { status, end: new Date().toISOString() });
	const requestsTo = (path: string) =>
		setup.simulator.requests.filter((request) => request.path === path).length;
	const statusOf = async (id: string) => (await setup.n8n.rest.getExecution(id))?.status;

	/** Checks that an execution continued once, with an item for each row. @returns what the node gave out */
	async function outputs({ executionId, started }: Waiting<Started>, timeoutMs?: number) {
		const execution: Execution = await runEnded(setup.n8n, executionId, LAST, timeoutMs);
		expect(execution.status).toBe('success');
		await during(1_500);
		expect(requestsTo(`${COUNTED_PATH}${executionId}`)).toBe(1);
		expect(execution.data.resultData.runData[WAIT]).toHaveLength(1);
		expect(outputOf(execution, 'After').map(({ row }) => row)).toEqual(
			started.map((_, index) => String(index)),
		);
		return outputOf(execution, WAIT);
	}

	async function restart(how: 'stopped' | 'killed', executionIds: string[]): Promise<void> {
		if (how === 'killed') await setup.n8n.kill();
		await setup.n8n.restart();
		// For a moment n8n may take them for crashed, before it finds that they wait.
		for (const executionId of executionIds) await untilWaiting(setup.n8n, executionId);
	}

	const rows = ROWS[version];

	it(`${rows} sessions, whose ends come in any order, twice, with forged ones among them`, async () => {
		const run = await start('sessions', rows);
		const [first] = run.started as [SimulatedSession];
		expect(await deliver(first, 'stopped', null)).toBe(401);
		expect(await deliver(first, 'stopped', setup.simulator.sign('something else'))).toBe(401);
		expect(await deliver({ ...first, sessionId: 'another' }, 'stopped')).toBe(401);
		// n8n 2.x signs its URLs as well. In 1.x the signature of the event alone protects the execution.
		const isLatest = version === '2.41.1';
		const wrong = new URL(urlOf(first));
		expect(wrong.searchParams.has('signature')).toBe(isLatest);
		for (const search of ['?signature=f', '']) {
			wrong.search = search;
			expect(await deliver(first, 'stopped', isLatest ? undefined : null, wrong.href)).toBe(401);
		}
		const order = shuffled(run.started.map((session, index) => ({ session, index })));
		const last = order.pop() as (typeof order)[number];
		for (let at = 0; at < order.length; at += 10) {
			const statuses = await Promise.all(
				order.slice(at, at + 10).flatMap(({ session, index }) => {
					endQuietly(session, endOf(index));
					return [deliver(session, endOf(index)), deliver(session, endOf(index))];
				}),
			);
			for (const status of statuses) expect(status).toBe(200);
		}
		expect(await statusOf(run.executionId)).toBe('waiting');
		endQuietly(last.session, endOf(last.index));
		const answers = await Promise.all(
			Array.from({ length: 5 }, async () => await deliver(last.session, endOf(last.index))),
		);
		expect(answers).toContain(200);
		for (const status of answers) expect([200, 409]).toContain(status);
		expect(await outputs(run)).toEqual(
			run.started.map(({ sessionId }, index) =>
				expect.objectContaining({ sessionId, event: endOf(index), status: endOf(index) }),
			),
		);
	});

	it(`${rows} calls, whose ends no event told, are found by polling`, async () => {
		const run = await start<SimulatedCall>('calls', rows);
		const endOfCall = (index: number) => CALL_ENDS[index % CALL_ENDS.length] as string;
		for (const [index, call] of run.started.entries()) endQuietly(call, endOfCall(index));
		expect(await outputs(run)).toEqual(
			run.started.map(({ callId }, index) => expect.objectContaining({ callId, status: endOfCall(index) })),
		);
	});

	it('ends that come while others are still being started are not missed', async () => {
		// n8n rejects what comes before it has stored the waiting execution.
		setup.simulator.latencyMs = 300;
		const many = start('sessions', rows);
		const early = await waitFor(
			'the first sessions',
			async () => {
				const sessions = startedIn<SimulatedSession>(`case-${caseNumber}`);
				return sessions.length >= 20 ? sessions : undefined;
			},
			30_000,
			10,
		);
		const end = async (session: SimulatedSession, status: 'failed' | 'stopped') => {
			endQuietly(session, status);
			await deliver(session, status);
		};
		await Promise.all(early.map(async (session) => await end(session, 'failed')));
		setup.simulator.latencyMs = 0;
		const run = await many;
		const event = (session: SimulatedSession) => (early.includes(session) ? 'failed' : 'stopped');
		const late = run.started.filter((session) => !early.includes(session));
		await Promise.all(late.map(async (session) => await end(session, 'stopped')));
		expect(await outputs(run)).toEqual(
			run.started.map((session) =>
				expect.objectContaining({ sessionId: session.sessionId, event: event(session) }),
			),
		);
	});

	it('an execution that the user stopped does not continue, and Wait for Status asks no more', async () => {
		const { rest } = setup.n8n;
		const stop = async (id: string) => await rest.call('POST', `/executions/${id}/stop`, {});
		const run = await start<SimulatedCall>('calls', 2);
		await stop(run.executionId);
		for (const call of run.started) endQuietly(call, 'ended');
		const { sessionId } = (await start('sessions', 1, 0.1)).started[0] as SimulatedSession;
		const status = {
			resource: 'session',
			operation: 'waitForStatus',
			sessionId,
			maxWait: 1,
			maxWaitUnit: 'hours',
		};
		const nodes = [
			n8nNode('Manual', 'manualTrigger'),
			ourNode(setup, 'Status', 'videoSdkAgentCloud', status),
		];
		const id = await rest.startWorkflow((await rest.createWorkflow(chain('Status', nodes))).id);
		const lookups = () => requestsTo(`/ai/v1/ai-deployment-sessions/${sessionId}`);
		const before = lookups();
		await waitFor('the first lookup', async () => lookups() > before || undefined, 30_000);
		await stop(id);
		expect((await runEnded(setup.n8n, id)).status).toBe('canceled');
		// One may have been on its way, and Max Wait of the other execution comes.
		await during(12_000);
		const later = lookups();
		await during(4_000);
		expect(lookups()).toBe(later);
		expect(await statusOf(run.executionId)).toBe('canceled');
		expect(requestsTo(`${COUNTED_PATH}${run.executionId}`)).toBe(0);
	});

	it('continues where n8n saves no successful executions, which versions in between deleted while they waited', async () => {
		await publishWait('unsaved', SESSIONS, { saveDataSuccessExecution: 'none' });
		const { started, executionId } = await start('unsaved', 1);
		await endSession(setup, String(started[0]?.sessionId));
		await waitFor('n8n to delete it', async () => ((await statusOf(executionId)) ? undefined : true), 60_000);
		expect(requestsTo(`${COUNTED_PATH}${executionId}`)).toBe(1);
	});

	it('a Wait node further on is resumed neither by late events nor by our own requests', async () => {
		const approval = n8nNode('Approval', 'wait', { resume: 'webhook', httpMethod: 'POST', options: {} }, 1.1);
		await publishWait('approval', SESSIONS, {}, [{ ...approval, webhookId: 'approval' }]);
		const { executionId, started } = await start('approval', 1);
		const [session] = started as [SimulatedSession];
		await endSession(setup, session.sessionId);
		await waitFor(
			'the execution to wait for the approval',
			async () => {
				const execution = await setup.n8n.rest.getExecution(executionId);
				const runs = execution?.data?.resultData.runData.Approval ?? [];
				return (execution?.status === 'waiting' && runs.length > 0) || undefined;
			},
			60_000,
			50,
		);
		expect(await deliver(session, 'stopped')).toBe(404);
		// By then the session would have been asked about twice.
		await during(7_000);
		expect(await statusOf(executionId)).toBe('waiting');
		const url = urlOf(session).replace(/\/videosdk$/, '');
		expect((await setup.n8n.rest.triggerByWebhook(url, { by: 'Ada' })).status).toBe(200);
		const execution = await runEnded(setup.n8n, executionId, LAST);
		expect(outputOf(execution, 'Approval')).toMatchObject([{ body: { by: 'Ada' } }]);
	});

	it('each session in a loop has the whole of its time', async () => {
		const { rest } = setup.n8n;
		const wait = ourNode(setup, WAIT, 'videoSdkAgentCloud', { ...SESSIONS, maxWait: LOOP_MAX_WAIT_S / 60 });
		const nodes = [
			n8nNode('Manual', 'manualTrigger'),
			...itemNodes([{ case: 'loop' }, { case: 'loop' }]),
			n8nNode('Loop', 'splitInBatches', { batchSize: 1, options: {} }, 3),
		];
		const workflow = chain('Loop', nodes);
		const { id } = await rest.createWorkflow({
			...workflow,
			nodes: [...nodes, wait, n8nNode('After', 'noOp')],
			connections: {
				...workflow.connections,
				Loop: { main: [to('After'), to(WAIT)] },
				[WAIT]: { main: [to('Loop')] },
			},
		});
		const executionId = await rest.startWorkflow(id);
		const sessions = () => startedIn<SimulatedSession>('loop');
		const started = async () => (sessions().length >= 2 ? sessions() : undefined);
		const [first, second] = await waitFor('the second session', started, LOOP_MAX_WAIT_S * 1_000 + 60_000);
		await during(AFTER_DEADLINE_MS);
		expect(await statusOf(executionId)).toBe('waiting');
		await endSession(setup, String(second?.sessionId));
		expect(outputOf(await runEnded(setup.n8n, executionId, 'After'), 'After')).toEqual([
			expect.objectContaining({ sessionId: first?.sessionId, timedOut: true }),
			expect.objectContaining({ sessionId: second?.sessionId, event: 'stopped' }),
		]);
		expect(sessions()).toHaveLength(2);
	});

	it("a crash loses no end: asking resumes with the next event, and without one n8n's own deadline counts", async () => {
		const run = await start('sessions', 30);
		const timed = await start('sessions', 1, 0.45);
		const before = run.started.slice(0, 10);
		const lost = run.started.slice(10, 20);
		for (const session of before) {
			endQuietly(session, 'stopped');
			expect(await deliver(session, 'stopped')).toBe(200);
		}
		const begun = setup.simulator.sessions.size;
		await setup.n8n.kill();
		for (const session of lost) {
			endQuietly(session, 'failed');
			expect(await deliver(session, 'failed')).not.toBe(200);
		}
		await restart('stopped', [run.executionId, timed.executionId]);
		for (const { sessionId } of run.started.slice(20)) await endSession(setup, sessionId);
		expect(await outputs(run)).toEqual(
			run.started.map((session) =>
				expect.objectContaining({
					sessionId: session.sessionId,
					event: lost.includes(session) ? 'failed' : 'stopped',
				}),
			),
		);
		expect(await outputs(timed, N8N_DEADLINE_MS)).toMatchObject([{ status: 'queued', timedOut: true }]);
		expect(await deliver(timed.started[0] as SimulatedSession, 'stopped')).toBe(409);
		expect(setup.simulator.sessions.size).toBe(begun);
	});

	it('after a restart any signed event lets n8n take the wait up: what still runs is ended at Max Wait', async () => {
		await publishWait('ends', { ...SESSIONS, options: { endAtTimeout: true } });
		const run = await start('ends', 1, 1.5);
		const [session] = run.started as [SimulatedSession];
		await restart('stopped', [run.executionId]);
		expect(await deliver(session, 'started')).toBe(200);
		expect(await outputs(run, N8N_DEADLINE_MS)).toMatchObject([{ timedOut: true, endedAtTimeout: true }]);
		expect(session.status).toBe('completed');
	});

	it('calls that end after a crash are known by the events of their rooms', async () => {
		await publishWait('rooms', { ...CALLS, options: { ownRoom: true } });
		const run = await start<SimulatedCall>('rooms', 3);
		await restart('killed', [run.executionId]);
		for (const { callId } of run.started) await setup.simulator.moveCall(callId, 'answered');
		for (const { callId } of run.started) await setup.simulator.moveCall(callId, 'ended');
		expect(await outputs(run, 600_000)).toEqual(
			run.started.map(({ callId }) => expect.objectContaining({ callId, outcome: 'answered' })),
		);
	});

	it('a missed call, a wait, and a callback in one workflow: the trigger stays registered, and can be unpublished', async () => {
		// n8n's wait tracker resumes it, as a Wait node of 65 s or more.
		const limited = {
			resume: 'webhook',
			limitWaitTime: true,
			resumeAmount: 1,
			resumeUnit: 'seconds',
			options: {},
		};
		const wait = { ...n8nNode('Pause', 'wait', limited, 1.1), webhookId: 'pause' };
		const callback = ourNode(setup, WAIT, 'videoSdkAgentCloud', { ...CALLS, to: '+15550003999' });
		const { workflowId } = await publishTrigger(setup, {
			webhookId: `callback-${version}`,
			parameters: { events: ['call-missed'] },
			between: [wait, callback],
		});
		const registered = () => [...setup.simulator.callWebhooks.values()].filter(({ deletedAt }) => !deletedAt);
		expect(registered()).toHaveLength(1);
		const kept = await readStaticData(setup.n8n, workflowId);
		const { callId } = setup.simulator.incomingCall({ to: '+15550102001', from: '+15550003999' }, false);
		await setup.simulator.moveCall(callId, 'missed');
		const isCallback = ({ type, to: number }: SimulatedCall) =>
			type === 'outbound' && number === '+15550003999';
		const made = await waitFor(
			'the callback',
			async () => [...setup.simulator.calls.values()].find(isCallback),
			150_000,
		);
		await setup.simulator.moveCall(made.callId, 'ended');
		const [summary] = await setup.n8n.rest.listExecutions({ workflowId });
		expect((await runEnded(setup.n8n, String(summary?.id), 'After', 150_000)).status).toBe('success');
		expect(await readStaticData(setup.n8n, workflowId)).toEqual(kept);
		await setup.n8n.rest.deactivate(workflowId);
		expect(registered()).toEqual([]);
	});

	it('nothing is left waiting', async () => {
		const waiting = await setup.n8n.rest.listExecutions({ status: ['waiting', 'running', 'new'] });
		expect(waiting).toEqual([]);
	});
});
