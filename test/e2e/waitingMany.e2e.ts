/** One run that waits for many, in a real n8n: it goes on once, whatever order the ends come in, also after a restart or crash. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../n8n/processes';
import type { Execution } from '../n8n/rest';
import { outputOf } from '../n8n/rest';
import type { SimulatedCall, SimulatedSession, Simulator } from '../simulator';
import { readStaticData } from './database';
import {
	during,
	endSession,
	eventBody,
	isWaiting,
	LATEST_VERSION,
	n8nOptions,
	publish,
	runEnded,
	untilPublished,
	untilWaiting,
} from './deliveries';
import { ResumeProxy } from './resumeProxy';
import type { Setup } from './setup';
import { chain, jsonNode, n8nNode, ourNode, setUp, to, webhookNode } from './setup';

const NODE = 'Wait for All';
/** What the last node calls, so that it is known how often the execution went on. The simulator knows no such path. */
const COUNTED_PATH = '/went-on/';
const ITEMS = { '2.41.1': 200, '1.123.81': 40 } as const;
/** In how many ways a call can end without being transferred by n8n. */
const CALL_ENDS = ['missed', 'rejected', 'failed', 'ended', 'transferred', 'not-answered', 'abandoned'];

/** A session or a call of the simulator. */
type Started = SimulatedSession | SimulatedCall;

interface WaitingMany<T extends Started = Started> {
	executionId: string;
	/** In the order of the input items. */
	started: T[];
}

/** What executions wait for. */
interface Kind<T extends Started> {
	path: string;
	parameters: object;
	/** All of the simulator. */
	all: (simulator: Simulator) => T[];
}

const metaData = {
	entries: [
		{ key: 'case', value: '={{ $json.case }}' },
		{ key: 'index', value: '={{ $json.index }}' },
	],
};

const SESSIONS: Kind<SimulatedSession> = {
	path: 'many-sessions',
	parameters: {
		resource: 'session',
		operation: 'startAndWait',
		deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
		metaData,
	},
	all: ({ sessions }) => [...sessions.values()],
};

const CALLS: Kind<SimulatedCall> = {
	path: 'many-calls',
	parameters: {
		resource: 'call',
		operation: 'makeAndWait',
		to: "={{ '+' + (15550003000 + $itemIndex) }}",
		callVia: 'gateway',
		gatewayId: { __rl: true, mode: 'id', value: 'gw_out_01' },
		metaData,
	},
	all: ({ calls }) => [...calls.values()],
};

/** Each call in a room of its own, which tells of the end. */
const ROOM_CALLS: Kind<SimulatedCall> = {
	...CALLS,
	path: 'many-rooms',
	parameters: { ...CALLS.parameters, options: { ownRoom: true } },
};

/** Splits by how a call ended, as docs/output.md tells to: VideoSDK may write capitals. */
const SWITCH = n8nNode(
	'How did it end?',
	'switch',
	{
		rules: {
			values: CALL_ENDS.map((status) => ({
				outputKey: status,
				renameOutput: true,
				conditions: {
					options: { version: 2, leftValue: '', caseSensitive: false, typeValidation: 'strict' },
					combinator: 'and',
					conditions: [
						{
							id: status,
							leftValue: '={{ $json.status }}',
							rightValue: status,
							operator: { type: 'string', operation: 'equals' },
						},
					],
				},
			})),
		},
		options: { fallbackOutput: 'extra', ignoreCase: true },
	},
	3.2,
);

/** The same numbers in an order that is the same in each run, and not their own. */
function shuffled<T>(values: T[]): T[] {
	return values
		.map((value, index) => ({ value, key: (index * 7_919) % 1_009 }))
		.sort((a, b) => a.key - b.key)
		.map(({ value }) => value);
}

describe.each(LATEST_VERSION)('Waiting for many in n8n %s', (version) => {
	let setup: Setup;
	const proxy = new ResumeProxy();
	let caseNumber = 0;
	/** By the paths. */
	const workflowIds = new Map<string, string>();

	beforeAll(async () => {
		await proxy.open();
		setup = await setUp({
			n8n: n8nOptions(version, { WEBHOOK_URL: proxy.url, N8N_WEBHOOK_URL: proxy.url }),
			simulator: {
				lifecycle: false,
				callBehaviour: false,
				// Hundreds of events may be on their way at once.
				deliveryTimeoutMs: 60_000,
			},
		});
		proxy.targetPort = setup.n8n.port;
		for (const kind of [SESSIONS, CALLS, ROOM_CALLS]) await publishWait(kind);
	});

	afterAll(async () => {
		await setup?.stop();
		await proxy.close();
	});

	/** Webhook, Row, the node that waits, and behind it: After, Count; and the Switch. */
	async function publishWait({
		path,
		parameters,
	}: Pick<Kind<Started>, 'path' | 'parameters'>): Promise<void> {
		const url = `=${setup.simulator.url}${COUNTED_PATH}{{ $execution.id }}`;
		const workflow = chain(`Wait for ${path}`, [
			webhookNode(path),
			n8nNode('Items', 'splitOut', { fieldToSplitOut: 'body.items', options: {} }),
			jsonNode('Row', "={{ $json['body.items'] ?? $json.items ?? $json }}"),
			ourNode(setup, NODE, 'videoSdkAgentCloud', {
				...parameters,
				maxWait: 1,
				maxWaitUnit: 'hours',
			}),
			jsonNode('After', "={{ { row: $('Row').item.json.index } }}"),
			{
				...n8nNode('Count', 'httpRequest', { url, options: {} }, 4.2),
				onError: 'continueRegularOutput',
				executeOnce: true,
			},
		]);
		const id = await publish(setup.n8n, {
			...workflow,
			nodes: [...workflow.nodes, SWITCH],
			connections: { ...workflow.connections, [NODE]: { main: [to('After', SWITCH.name)] } },
		});
		await untilPublished(setup.n8n.url, path);
		workflowIds.set(path, id);
	}

	const dataOf = (started: Started) => ('metadata' in started ? started.metadata : started.metaData);

	/** What was started in one case, in the order of its rows. */
	const startedIn = <T extends Started>(name: string, kind: Kind<T>): T[] =>
		kind
			.all(setup.simulator)
			.filter((started) => dataOf(started)?.case === name)
			.sort((a, b) => Number(dataOf(a)?.index) - Number(dataOf(b)?.index));

	/** Starts an execution with a row for each item, and waits until it waits. */
	async function start<T extends Started>(kind: Kind<T>, count: number): Promise<WaitingMany<T>> {
		const name = `many-${++caseNumber}`;
		const known = new Set((await setup.n8n.rest.listExecutions()).map(({ id }) => id));
		const items = Array.from({ length: count }, (_, index) => ({ case: name, index: String(index) }));
		expect((await setup.n8n.rest.triggerByWebhook(kind.path, { items })).status).toBe(200);
		const executionId = await waitFor(
			'the execution to wait',
			async () => {
				const execution = (await setup.n8n.rest.listExecutions()).find(({ id }) => !known.has(id));
				if (execution?.status !== 'waiting') return undefined;
				return isWaiting(await setup.n8n.rest.getExecution(execution.id)) ? execution.id : undefined;
			},
			60_000 + 500 * count,
			50,
		);
		return { executionId, started: startedIn(name, kind) };
	}

	const deliver = async (
		{ sessionId, webhook }: SimulatedSession,
		status: 'stopped' | 'failed',
		signature?: string | null,
	) => {
		const event = eventBody(sessionId, status);
		return (await setup.simulator.deliver(String(webhook?.endPoint), event, { signature })).status;
	};

	const endOf = (index: number) => (index % 3 === 0 ? ('failed' as const) : ('stopped' as const));

	/** Ends one without an event. */
	const endQuietly = (started: Started, status: string) =>
		Object.assign(started, { status, end: new Date().toISOString() });

	const requestsTo = (wanted: string) =>
		setup.simulator.requests.filter(({ method, path }) => `${method} ${path}` === wanted).length;
	const goings = (executionId: string) => requestsTo(`GET ${COUNTED_PATH}${executionId}`);

	/** n8n's audit events of an execution that was resumed; 1.x has none. */
	function resumedEvents(executionId: string): number {
		const folder = join(setup.n8n.userFolder, '.n8n');
		return readdirSync(folder)
			.filter((name) => name.startsWith('n8nEventLog'))
			.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
			.filter((line) => line.includes('"n8n.audit.workflow.resumed"'))
			.filter((line) => line.includes(`"executionId":"${executionId}"`)).length;
	}

	/** Checks that the execution went on once, with an item for each row. @returns what the node put out */
	async function outputs({ executionId, started }: WaitingMany, timeoutMs?: number) {
		const execution: Execution = await runEnded(setup.n8n, executionId, 'Count', timeoutMs);
		expect(execution.status).toBe('success');
		await during(1_500);
		expect(goings(executionId)).toBe(1);
		expect(execution.data.resultData.runData[NODE]).toHaveLength(1);
		expect(outputOf(execution, 'After').map(({ row }) => row)).toEqual(
			started.map((_, index) => String(index)),
		);
		expect(proxy.own(executionId).length).toBeLessThanOrEqual(2);
		return outputOf(execution, NODE);
	}

	const count = ITEMS[version];

	it(`${count} sessions, whose ends come in any order, twice, with forged ones among them`, async () => {
		const run = await start(SESSIONS, count);
		expect(run.started).toHaveLength(count);
		const forged = run.started[0] as SimulatedSession;
		expect(await deliver(forged, 'stopped', null)).toBe(401);
		expect(await deliver(forged, 'stopped', setup.simulator.sign('something else'))).toBe(401);
		expect(await deliver({ ...forged, sessionId: 'another' }, 'stopped')).toBe(401);
		const asked = setup.simulator.requests.length;
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
		expect((await setup.n8n.rest.getExecution(run.executionId))?.status).toBe('waiting');
		endQuietly(last.session, endOf(last.index));
		const answers = await Promise.all(
			Array.from({ length: 5 }, async () => await deliver(last.session, endOf(last.index))),
		);
		expect(answers).toContain(200);
		for (const status of answers) expect([200, 409]).toContain(status);
		const items = await outputs(run);
		expect(items.map(({ sessionId, event, status }) => ({ sessionId, event, status }))).toEqual(
			run.started.map(({ sessionId }, index) => ({ sessionId, event: endOf(index), status: endOf(index) })),
		);
		for (const item of items) expect(item).not.toHaveProperty('timedOut');
		const requests = setup.simulator.requests
			.slice(asked)
			.filter(({ path }) => !path.startsWith(COUNTED_PATH));
		expect(requests.length).toBeLessThanOrEqual(2 * count);
		// None, unless a poll found the last end when its event was on its way.
		expect(proxy.own(run.executionId).length).toBeLessThanOrEqual(1);
	});

	it(`${count} calls, whose ends no event told, are found by polling, and split by how they ended`, async () => {
		const run = await start(CALLS, count);
		const endOfCall = (index: number) => CALL_ENDS[index % CALL_ENDS.length] as string;
		const ends = shuffled(run.started.map((call, index) => ({ call, status: endOfCall(index) })));
		for (const { call, status } of ends) endQuietly(call, status);
		expect(await outputs(run)).toEqual(
			run.started.map(({ callId }, index) => expect.objectContaining({ callId, status: endOfCall(index) })),
		);
		expect(proxy.own(run.executionId)).toHaveLength(1);
		if (version === '2.41.1') {
			// Another thread of n8n writes them.
			await waitFor(
				'the audit event',
				async () => (resumedEvents(run.executionId) > 0 ? true : undefined),
				30_000,
			);
		}
		expect(resumedEvents(run.executionId)).toBe(version === '2.41.1' ? 1 : 0);
		const execution = await setup.n8n.rest.getExecution(run.executionId);
		const bySwitch = CALL_ENDS.map((_, output) => outputOf(execution as Execution, SWITCH.name, output));
		expect(bySwitch.map((output) => output.map(({ callId }) => callId))).toEqual(
			CALL_ENDS.map((status) =>
				run.started.filter((_, index) => endOfCall(index) === status).map(({ callId }) => callId),
			),
		);
	});

	it('ends that come while others are still being started are not missed', async () => {
		// n8n rejects what comes before it has stored the waiting execution.
		setup.simulator.latencyMs = 300;
		const many = start(SESSIONS, count);
		const early = await waitFor(
			'the first sessions',
			async () => {
				const sessions = startedIn(`many-${caseNumber}`, SESSIONS);
				return sessions.length >= 20 ? sessions : undefined;
			},
			30_000,
			10,
		);
		await Promise.all(
			early.map(async (session) => {
				endQuietly(session, 'failed');
				await deliver(session, 'failed');
			}),
		);
		setup.simulator.latencyMs = 0;
		const run = await many;
		const earlyIds = new Set(early.map(({ sessionId }) => sessionId));
		const late = run.started.filter(({ sessionId }) => !earlyIds.has(sessionId));
		for (const session of late) endQuietly(session, 'stopped');
		await Promise.all(late.map(async (session) => await deliver(session, 'stopped')));
		const items = await outputs(run);
		expect(items.map(({ sessionId, event }) => ({ sessionId, event }))).toEqual(
			run.started.map(({ sessionId }) => ({
				sessionId,
				event: earlyIds.has(sessionId) ? 'failed' : 'stopped',
			})),
		);
	});

	it('an execution that was stopped does not go on', async () => {
		const run = await start(CALLS, 2);
		await setup.n8n.rest.call('POST', `/executions/${run.executionId}/stop`, {});
		for (const started of run.started) endQuietly(started, 'ended');
		// The next poll finds the ends, and asks n8n to go on.
		await waitFor(
			'our request to the resume URL',
			async () => (proxy.own(run.executionId).length > 0 ? true : undefined),
			60_000,
		);
		await during(2_000);
		expect(proxy.own(run.executionId).length).toBeLessThanOrEqual(2);
		expect((await setup.n8n.rest.getExecution(run.executionId))?.status).toBe('canceled');
		expect(goings(run.executionId)).toBe(0);
	});

	it('a crash in between loses no end: polling resumes with the next event', async () => {
		const run = await start(SESSIONS, 30);
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
		await setup.n8n.restart();
		await untilWaiting(setup.n8n, run.executionId);
		for (const { sessionId } of run.started.slice(20)) await endSession(setup, sessionId);
		const items = await outputs(run);
		expect(items.map(({ sessionId, event }) => ({ sessionId, event }))).toEqual(
			run.started.map((session) => ({
				sessionId: session.sessionId,
				event: lost.includes(session) ? 'failed' : 'stopped',
			})),
		);
		expect(setup.simulator.sessions.size).toBe(begun);
	});

	it('calls that end after a crash and a new start are known by the events of their rooms', async () => {
		const run = await start(ROOM_CALLS, 3);
		const asked = () => setup.simulator.requests.filter(({ path }) => path === '/v2/sip/call').length;
		await setup.n8n.kill();
		await setup.n8n.restart();
		await untilWaiting(setup.n8n, run.executionId);
		// Nobody polls.
		const before = asked();
		await during(3_000);
		expect(asked()).toBe(before);
		for (const { callId } of run.started) await setup.simulator.moveCall(callId, 'answered');
		for (const { callId } of run.started) await setup.simulator.moveCall(callId, 'ended');
		expect(await outputs(run, 600_000)).toEqual(
			run.started.map(({ callId }) => expect.objectContaining({ callId, outcome: 'answered' })),
		);
		expect(setup.simulator.calls.size).toBe(requestsTo('POST /v2/sip/call'));
		expect(readStaticData(setup.n8n, String(workflowIds.get(ROOM_CALLS.path)))).toEqual({});
	});

	it('nothing is left waiting', async () => {
		expect(await setup.n8n.rest.listExecutions({ status: ['waiting', 'running', 'new'] })).toEqual([]);
	});
});
