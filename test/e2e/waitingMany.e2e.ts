import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../n8n/processes';
import type { Execution } from '../n8n/rest';
import { outputOf } from '../n8n/rest';
import type { SimulatedCall, SimulatedSession, Simulator } from '../simulator';
import { readStaticData } from './database';
import { during, eventBody, isWaiting, n8nOptions, runEnded, LATEST_VERSION } from './deliveries';
import { figure } from './figures';
import { ResumeProxy } from './resumeProxy';
import type { Setup } from './setup';
import { chain, n8nNode, ourNode, setUp } from './setup';

const START_PATH = '/ai/v1/ai-deployment-sessions/start';
const NODE = 'Wait for All';
/** What the last node calls, so that it is known how often the execution went on. The simulator knows no such path. */
const COUNTED_PATH = '/went-on/';
const ITEMS = { '2.41.1': 200, '1.123.81': 40 } as const;

/** A session or a call of the simulator. */
type Started = SimulatedSession | SimulatedCall;

interface WaitingMany<T extends Started = Started> {
	executionId: string;
	/** In the order of the input items. */
	started: T[];
}

/** What executions wait for. */
interface Kind<T extends Started> {
	name: string;
	path: string;
	parameters: object;
	/** All of the simulator. */
	all: (simulator: Simulator) => T[];
	/** Ends one without an event. */
	end: (started: T, status: string) => void;
	/** In how many ways it can end, and what the output then says. */
	ends: string[];
	told: (status: string) => object;
	/** What is asked of the API to end one, and what the output says when that was done at the deadline. */
	endPath: string;
	endedAtTimeout: object;
	running: string;
}

const idOf = (started: Started) => ('callId' in started ? started.callId : started.sessionId);

const metaData = {
	entries: [
		{ key: 'case', value: '={{ $json.case }}' },
		{ key: 'index', value: '={{ $json.index }}' },
	],
};

const SESSIONS: Kind<SimulatedSession> = {
	name: 'Start and Wait',
	path: 'many-sessions',
	parameters: {
		resource: 'session',
		operation: 'startAndWait',
		deploymentId: { __rl: true, mode: 'id', value: '={{ $json.deploymentId }}' },
		metaData,
		options: { endAtTimeout: '={{ $json.endAtTimeout }}' },
	},
	all: ({ sessions }) => [...sessions.values()],
	end: (session, status) => {
		session.status = status as SimulatedSession['status'];
		session.end = new Date().toISOString();
	},
	ends: ['failed', 'stopped', 'stopped'],
	told: (status) => ({ status, event: status }),
	endPath: '/ai/v1/ai-deployment-sessions/end',
	endedAtTimeout: { status: 'completed', endedAtTimeout: true },
	running: 'queued',
};

const CALLS: Kind<SimulatedCall> = {
	name: 'Make and Wait',
	path: 'many-calls',
	parameters: {
		resource: 'call',
		operation: 'makeAndWait',
		to: '={{ $json.to }}',
		callVia: 'gateway',
		gatewayId: { __rl: true, mode: 'id', value: 'gw_out_01' },
		metaData,
		options: { hangUpAtTimeout: '={{ $json.endAtTimeout }}' },
	},
	all: ({ calls }) => [...calls.values()],
	end: (call, status) => {
		call.status = status as SimulatedCall['status'];
		call.end = new Date().toISOString();
	},
	ends: ['missed', 'rejected', 'failed', 'ended', 'transferred', 'not-answered', 'abandoned'],
	told: (status) => ({ status: status.toUpperCase() }),
	endPath: '/v2/sip/call/end',
	endedAtTimeout: { status: 'ENDED', hungUpAtTimeout: true },
	running: 'INITIATED',
};

/** Each call in a room of its own, which tells of the end. */
const ROOM_CALLS: Kind<SimulatedCall> = {
	...CALLS,
	name: 'Make and Wait with rooms',
	path: 'many-rooms',
	parameters: {
		...CALLS.parameters,
		room: 'create',
		options: { hangUpAtTimeout: '={{ $json.endAtTimeout }}', maxConcurrency: 50 },
	},
};
/** In one execution. ROOMS=1000 measures what that costs. */
const ROOMS = Number(process.env.ROOMS ?? 20);

const KINDS = [SESSIONS, CALLS] as Array<Kind<Started>>;

/** Splits by how a call ended, as docs/calls.md tells to: VideoSDK may write capitals. */
const SWITCH = n8nNode(
	'How did it end?',
	'switch',
	{
		rules: {
			values: CALLS.ends.map((status) => ({
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
				answers: { callStatus: (status) => status.toUpperCase() },
			},
		});
		proxy.targetPort = setup.n8n.port;
		for (const kind of [...KINDS, ROOM_CALLS]) await publish(kind);
	});

	afterAll(async () => {
		await setup?.stop();
		await proxy.close();
	});

	/** Webhook, Row, the node that waits, and behind it: After, Count; and the Switch. */
	async function publish({ path, parameters }: Pick<Kind<Started>, 'path' | 'parameters'>): Promise<void> {
		const workflow = chain(`Wait for ${path}`, [
			{
				...n8nNode('Webhook', 'webhook', { httpMethod: 'POST', path, options: {} }, 2),
				webhookId: path,
			},
			n8nNode('Items', 'splitOut', { fieldToSplitOut: 'body.items', options: {} }),
			n8nNode(
				'Row',
				'set',
				{ mode: 'raw', jsonOutput: "={{ $json['body.items'] ?? $json.items ?? $json }}", options: {} },
				3.4,
			),
			ourNode(
				setup,
				NODE,
				'videoSdkAgentCloud',
				{ ...parameters, limitWaitTime: true, maxWait: '={{ $json.maxWait }}', maxWaitUnit: 'minutes' },
				{ onError: 'continueRegularOutput' },
			),
			n8nNode(
				'After',
				'set',
				{
					assignments: {
						assignments: [
							{ id: 'row', name: 'row', type: 'string', value: "={{ $('Row').item.json.index }}" },
						],
					},
					options: {},
				},
				3.4,
			),
			{
				...n8nNode(
					'Count',
					'httpRequest',
					{ url: `=${setup.simulator.url}${COUNTED_PATH}{{ $execution.id }}`, options: {} },
					4.2,
				),
				onError: 'continueRegularOutput',
				executeOnce: true,
			},
		]);
		const to = (node: string) => ({ node, type: 'main', index: 0 });
		const { id } = await setup.n8n.rest.createWorkflow({
			...workflow,
			nodes: [...workflow.nodes, SWITCH],
			connections: { ...workflow.connections, [NODE]: { main: [[to('After'), to(SWITCH.name)]] } },
		});
		await setup.n8n.rest.activate(id);
		await untilPublished(path);
		workflowIds.set(path, id);
	}

	async function untilPublished(path: string): Promise<void> {
		await waitFor(
			'the workflow to be published',
			async () => {
				const response = await fetch(`${setup.n8n.url}/webhook/${path}`);
				return (await response.text()).includes('not registered for GET') ? true : undefined;
			},
			60_000,
			100,
		);
	}

	const dataOf = (started: Started) => ('metadata' in started ? started.metadata : started.metaData);

	/** What was started in one case, in the order of its rows. */
	const startedIn = <T extends Started>(name: string, kind: Kind<T>): T[] =>
		kind
			.all(setup.simulator)
			.filter((started) => dataOf(started)?.case === name)
			.sort((a, b) => Number(dataOf(a)?.index) - Number(dataOf(b)?.index));

	/**
	 * Starts an execution with a row for each item.
	 *
	 * @param until whether it is to wait, or only to have started all: on a busy machine a near deadline may come before it is seen to
	 * wait
	 */
	async function start<T extends Started>(
		kind: Kind<T>,
		count: number,
		row: (index: number) => object = () => ({}),
		until: 'waiting' | 'started' = 'waiting',
	): Promise<WaitingMany<T>> {
		const name = `many-${++caseNumber}`;
		const known = new Set((await setup.n8n.rest.listExecutions()).map(({ id }) => id));
		const items = Array.from({ length: count }, (_, index) => ({
			case: name,
			index: String(index),
			deploymentId: 'ddv_support',
			to: '+15550003000',
			maxWait: 60,
			endAtTimeout: false,
			...row(index),
		}));
		expect((await setup.n8n.rest.triggerByWebhook(kind.path, { items })).status).toBe(200);
		return await waitFor(
			'the execution to wait',
			async () => {
				const execution = (await setup.n8n.rest.listExecutions()).find(({ id }) => !known.has(id));
				const run = { executionId: execution?.id ?? '', started: startedIn(name, kind) };
				if (until === 'started') return execution && run.started.length === count ? run : undefined;
				if (execution?.status !== 'waiting') return undefined;
				return isWaiting(await setup.n8n.rest.getExecution(execution.id)) ? run : undefined;
			},
			60_000 + 500 * count,
			50,
		);
	}

	const deliver = async (
		session: SimulatedSession,
		status: 'stopped' | 'failed',
		signature?: string | null,
	) =>
		(
			await setup.simulator.deliver(String(session.webhook?.endPoint), eventBody(session.sessionId, status), {
				signature,
			})
		).status;

	const endOf = (index: number) => (index % 3 === 0 ? ('failed' as const) : ('stopped' as const));
	const endQuietly = SESSIONS.end;

	/**
	 * Ends a session and delivers its event. If it is the last one, on a busy machine a poll may find the end first: then nothing
	 * waits any more (409).
	 */
	async function endByEvent(session: SimulatedSession): Promise<void> {
		endQuietly(session, 'stopped');
		expect([200, 409]).toContain(await deliver(session, 'stopped'));
	}

	const goings = (executionId: string) =>
		setup.simulator.requests.filter(({ path }) => path === `${COUNTED_PATH}${executionId}`).length;

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
	async function outputs({ executionId }: WaitingMany, count: number, timeoutMs?: number) {
		const execution: Execution = await runEnded(setup.n8n, executionId, 'Count', timeoutMs);
		expect(execution.status).toBe('success');
		await during(1_500);
		expect(goings(executionId)).toBe(1);
		expect(execution.data.resultData.runData[NODE]).toHaveLength(1);
		expect(outputOf(execution, 'After').map(({ row }) => row)).toEqual(
			Array.from({ length: count }, (_, index) => String(index)),
		);
		const own = proxy.own(executionId);
		figure(`Own requests to the resume URL, ${count} items (n8n ${version})`, own.length, 'at most 2');
		expect(own.length).toBeLessThanOrEqual(2);
		return outputOf(execution, NODE);
	}

	const starts = () => setup.simulator.requests.filter(({ path }) => path === START_PATH).length;
	const count = ITEMS[version];

	it(`${count} sessions, whose ends come in any order, twice, with forged ones among them`, async () => {
		const run = await start(SESSIONS, count);
		expect(run.started).toHaveLength(count);
		const forged = run.started[0] as SimulatedSession;
		expect(await deliver(forged, 'stopped', null)).toBe(401);
		expect(await deliver(forged, 'stopped', setup.simulator.sign('something else'))).toBe(401);
		const stranger = { ...forged, sessionId: 'another' };
		expect(await deliver(stranger, 'stopped')).toBe(401);
		const asked = setup.simulator.requests.length;
		const beganAtMs = Date.now();
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
		const tookMs = Date.now() - beganAtMs;
		const items = await outputs(run, count);
		expect(items.map(({ sessionId, event, status }) => ({ sessionId, event, status }))).toEqual(
			run.started.map(({ sessionId }, index) => ({ sessionId, event: endOf(index), status: endOf(index) })),
		);
		for (const item of items) expect(item).not.toHaveProperty('timedOut');
		const requests = setup.simulator.requests
			.slice(asked)
			.filter(({ path }) => !path.startsWith(COUNTED_PATH));
		figure(
			`Requests to the API while ${count} sessions end (n8n ${version})`,
			`${requests.length} in ${tookMs} ms`,
		);
		expect(requests.length).toBeLessThanOrEqual(2 * count);
		// None, unless a poll found the last end when its event was on its way.
		expect(proxy.own(run.executionId).length).toBeLessThanOrEqual(1);
	});

	it.each(KINDS)('$name: ends that no event told are found by polling', async (kind) => {
		const run = await start(kind, count);
		const endOfRow = (index: number) => kind.ends[index % kind.ends.length] as string;
		const ended = shuffled(run.started.map((started, index) => ({ started, index })));
		for (const { started, index } of ended) kind.end(started, endOfRow(index));
		const items = await outputs(run, count);
		expect(items).toEqual(run.started.map((_, index) => expect.objectContaining(kind.told(endOfRow(index)))));
		expect(items.map(({ callId, sessionId }) => callId ?? sessionId)).toEqual(run.started.map(idOf));
		for (const item of items) expect(item).not.toHaveProperty('timedOut');
		expect(proxy.own(run.executionId)).toHaveLength(1);
		if (version === '2.41.1') {
			// Another thread of n8n writes them.
			await waitFor(
				'the audit event',
				async () => (resumedEvents(run.executionId) > 0 ? true : undefined),
				30_000,
			);
		}
		const events = resumedEvents(run.executionId);
		figure(
			`${kind.name}, ${count} items: n8n's audit events "resumed" (n8n ${version})`,
			events,
			'at most 2',
		);
		expect(events).toBe(version === '2.41.1' ? 1 : 0);
		if (kind !== (CALLS as Kind<Started>)) return;
		const execution = await setup.n8n.rest.getExecution(run.executionId);
		const bySwitch = kind.ends.map((_, output) => outputOf(execution as Execution, SWITCH.name, output));
		expect(bySwitch.map((output) => output.map(({ callId }) => callId))).toEqual(
			kind.ends.map((_, end) =>
				run.started.map(idOf).filter((__, index) => index % kind.ends.length === end),
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
		const answers = await Promise.all(
			early.map(async (session) => {
				endQuietly(session, 'failed');
				return await deliver(session, 'failed');
			}),
		);
		figure(
			`Ends before the wait is stored (n8n ${version})`,
			`${early.length}, answered ${[...new Set(answers)].join(', ')}`,
		);
		setup.simulator.latencyMs = 0;
		const run = await many;
		const earlyIds = new Set(early.map(({ sessionId }) => sessionId));
		const late = run.started.filter(({ sessionId }) => !earlyIds.has(sessionId));
		for (const session of late) endQuietly(session, 'stopped');
		await Promise.all(late.map(async (session) => await deliver(session, 'stopped')));
		const items = await outputs(run, count);
		expect(items.map(({ sessionId, event }) => ({ sessionId, event }))).toEqual(
			run.started.map(({ sessionId }) => ({
				sessionId,
				event: earlyIds.has(sessionId) ? 'failed' : 'stopped',
			})),
		);
	});

	it('items that could not be started, or had ended at once, stand beside the others', async () => {
		setup.simulator.addFault({
			match: { path: /start$/, times: 1 },
			kind: 'status',
			status: 200,
			body: { message: 'ok', data: { sessionId: 'ended-at-once', status: 'failed' } },
		});
		const run = await start(SESSIONS, 4, (index) => (index === 2 ? { maxWait: 'soon' } : {}));
		expect(run.started).toHaveLength(2);
		for (const session of run.started) await endByEvent(session);
		const items = await outputs(run, 4);
		expect(items[2]).toEqual({ error: expect.stringContaining("'Max Wait'") });
		const rest = [0, 1, 3].map((index) => items[index]?.event).sort();
		expect(rest).toEqual(['failed', 'stopped', 'stopped']);
		expect(items.filter(({ sessionId }) => sessionId === 'ended-at-once')).toHaveLength(1);
	});

	it.each(KINDS)(
		'$name: what runs at the deadline is timed out, and ended where that is wanted',
		async (kind) => {
			const run = await start(kind, 6, (index) => ({ maxWait: 0.12, endAtTimeout: index < 3 }), 'started');
			kind.end(run.started[0] as Started, kind.ends[1] as string);
			const items = await outputs(run, 6);
			expect(items[0]).toMatchObject(kind.told(kind.ends[1] as string));
			expect(items[0]).not.toHaveProperty('timedOut');
			for (const index of [1, 2]) {
				expect(items[index]).toMatchObject({ timedOut: true, ...kind.endedAtTimeout });
			}
			for (const index of [3, 4, 5]) {
				expect(items[index]).toMatchObject({ timedOut: true, status: kind.running });
				expect(items[index]).not.toHaveProperty(Object.keys(kind.endedAtTimeout)[1] as string);
			}
			const ended = setup.simulator.requests
				.filter(({ path }) => path === kind.endPath)
				.map(({ body }) => Object.values(body as object)[0] as string);
			expect(ended.sort()).toEqual(run.started.slice(1, 3).map(idOf).sort());
		},
	);

	it('a session that the API does not know any more is told, and does not hold up the others', async () => {
		const run = await start(SESSIONS, 2);
		const [gone, other] = run.started as [SimulatedSession, SimulatedSession];
		setup.simulator.sessions.delete(gone.sessionId);
		endQuietly(other, 'stopped');
		const items = await outputs(run, 2);
		expect(items[0]).toMatchObject({
			sessionId: gone.sessionId,
			error: expect.stringContaining("VideoSDK couldn't find anything with this ID"),
		});
		expect(items[1]).toMatchObject({ sessionId: other.sessionId, event: 'stopped' });
	});

	it.each(KINDS)('$name: an execution that was stopped does not go on', async (kind) => {
		const run = await start(kind, 2);
		await setup.n8n.rest.call('POST', `/executions/${run.executionId}/stop`, {});
		for (const started of run.started) kind.end(started, kind.ends[1] as string);
		// The next poll finds the ends, and asks n8n to go on.
		await waitFor(
			'our request to the resume URL',
			async () => (proxy.own(run.executionId).length > 0 ? true : undefined),
			60_000,
		);
		await during(2_000);
		const answers = proxy.own(run.executionId).map(({ status }) => status);
		figure(`Own requests after the execution was stopped (n8n ${version})`, `answered ${answers.join(', ')}`);
		expect(answers.length).toBeLessThanOrEqual(2);
		expect((await setup.n8n.rest.getExecution(run.executionId))?.status).toBe('canceled');
		expect(goings(run.executionId)).toBe(0);
	});

	it('a restart in between loses no end: polling resumes with the next event', async () => {
		const run = await start(SESSIONS, 30);
		const [before, lost, after] = [
			run.started.slice(0, 10),
			run.started.slice(10, 20),
			run.started.slice(20),
		];
		for (const session of before) {
			endQuietly(session, 'stopped');
			expect(await deliver(session, 'stopped')).toBe(200);
		}
		const startsBefore = starts();
		await setup.n8n.kill();
		for (const session of lost) {
			endQuietly(session, 'failed');
			expect(await deliver(session, 'failed')).not.toBe(200);
		}
		await setup.n8n.restart();
		await waitFor(
			'the execution to wait again',
			async () =>
				(await setup.n8n.rest.getExecution(run.executionId).catch(() => undefined))?.status === 'waiting'
					? true
					: undefined,
			60_000,
		);
		const beganAtMs = Date.now();
		for (const session of after) await endByEvent(session);
		const items = await outputs(run, 30);
		figure(`All ends known after a restart and ten events (n8n ${version})`, `${Date.now() - beganAtMs} ms`);
		expect(items.map(({ sessionId, event }) => ({ sessionId, event }))).toEqual(
			run.started.map(({ sessionId }, index) => ({
				sessionId,
				event: index >= 10 && index < 20 ? 'failed' : 'stopped',
			})),
		);
		expect(starts()).toBe(startsBefore);
	});

	/** Ends calls that were answered, with the events that VideoSDK sends. @returns how long the execution then still waited, in ms */
	async function endByEvents(run: WaitingMany<SimulatedCall>): Promise<number> {
		for (const { callId } of run.started) await setup.simulator.moveCall(callId, 'answered');
		const beganAtMs = Date.now();
		for (const { callId } of run.started) await setup.simulator.moveCall(callId, 'ended');
		const endedAtMs = Date.now();
		const items = await outputs(run, run.started.length, 600_000);
		expect(items).toEqual(
			run.started.map(({ callId }) => expect.objectContaining({ callId, outcome: 'answered' })),
		);
		const execution = await setup.n8n.rest.getExecution(run.executionId);
		const wentOnAtMs = execution?.data.resultData.runData.After?.[0]?.startTime ?? 0;
		const lists = setup.simulator.requests.filter(
			({ method, path, receivedAtMs }) =>
				method === 'GET' && path === '/v2/sip/call' && receivedAtMs >= beganAtMs,
		);
		figure(
			`${run.started.length} calls ended within ${endedAtMs - beganAtMs} ms (n8n ${version})`,
			`known ${wentOnAtMs - endedAtMs} ms after the last one, by ${lists.length} requests for the list`,
		);
		return wentOnAtMs - endedAtMs;
	}

	it("a call's end is known at once by the event of its room, or by one that a trigger receives", async () => {
		const { simulator } = setup;
		const roomRun = await start(ROOM_CALLS, 1);
		const run = await start(CALLS, 1);
		// Polls are some seconds apart then.
		await during(12_000);
		await endByEvents(roomRun);
		const trigger = chain('Calls', [
			ourNode(
				setup,
				'Trigger',
				'videoSdkAgentCloudTrigger',
				{ events: ['call-hangup'] },
				{ typeVersion: 1.1, webhookId: 'calls-trigger' },
			),
		]);
		const { id } = await setup.n8n.rest.createWorkflow(trigger);
		await setup.n8n.rest.activate(id);
		await waitFor('the registration', async () => [...simulator.callWebhooks.values()][0], 60_000);
		await endByEvents(run);
		await setup.n8n.rest.deactivate(id);
	});

	it(`${ROOMS} rooms in one execution share requests`, async () => {
		await endByEvents(await start(ROOM_CALLS, ROOMS));
	});

	it('a call that ends after a crash and a new start is known by the event of its room', async () => {
		const run = await start(ROOM_CALLS, 3);
		const made = () => setup.simulator.requests.filter(({ path }) => path === '/v2/sip/call').length;
		await setup.n8n.kill();
		await setup.n8n.restart();
		await waitFor(
			'the execution to wait again',
			async () =>
				(await setup.n8n.rest.getExecution(run.executionId).catch(() => undefined))?.status === 'waiting'
					? true
					: undefined,
			60_000,
		);
		// Nobody polls.
		const before = made();
		await during(3_000);
		expect(made()).toBe(before);
		await endByEvents(run);
		expect(setup.simulator.calls.size).toBe(
			setup.simulator.requests.filter(({ method, path }) => method === 'POST' && path === '/v2/sip/call')
				.length,
		);
		expect(readStaticData(setup.n8n, String(workflowIds.get(ROOM_CALLS.path)))).toEqual({});
	});

	// Two minutes, most of them n8n's own: the other line has the same code for it (WaitTracker).
	if (version === '2.41.1') {
		it('after a crash calls come out at the deadline of n8n', async () => {
			const run = await start(CALLS, 10, () => ({ maxWait: 0.2 }));
			for (const call of run.started.slice(0, 5)) CALLS.end(call, 'missed');
			await setup.n8n.kill();
			await setup.n8n.restart();
			const items = await outputs(run, 10, 300_000);
			expect(items.map(({ callId }) => callId)).toEqual(run.started.map(idOf));
			// Nobody has polled any more: see docs/calls.md.
			for (const item of items) expect(item).toMatchObject({ status: 'INITIATED', timedOut: true });
			expect(proxy.own(run.executionId)).toEqual([]);
		});
	}

	it('nothing is left waiting', async () => {
		expect(await setup.n8n.rest.listExecutions({ status: ['waiting', 'running', 'new'] })).toEqual([]);
	});
});
