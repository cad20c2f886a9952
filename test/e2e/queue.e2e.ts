import { randomUUID } from 'node:crypto';
import type { N8nProcess } from '../n8n/instance';
import { waitFor } from '../n8n/processes';
import type { Execution, ExecutionSummary } from '../n8n/rest';
import { isFinal, isStored, outputOf } from '../n8n/rest';
import type { Simulator } from '../simulator';
import { API_LATENCY_MS, type Cluster, startCluster } from './cluster';
import { during, eventBody, isWaiting, publish, runEnded, untilPublished } from './deliveries';
import { chain, n8nNode, ourNode, webhookNode } from './setup';

const TRIGGER_PATH = 'queue-events/webhook';
const WAIT_PATH = 'queue-wait';
const ITEMS_PER_START = 4;
/** So long takes the API for a moment, so that a kill hits starts that are under way. */
const SLOW_API_LATENCY_MS = 5_000;
/** So long runs what follows the trigger, so that a kill hits runs that are under way. */
const WORK_SECONDS = 0.4;

const DELIVERY_INTERVAL_MS = 150;
/** One start call for so many deliveries. */
const DELIVERIES_PER_START_CALL = 6;
const DUPLICATE_SHARE = 0.1;
/** Beyond it a slow machine is given less load. */
const MAX_OPEN_DELIVERIES = 25;
const MAX_ATTEMPTS = 15;
const RETRY_AFTER_MS = 1_000;
const DUPLICATE_AFTER_MS = [500, 8_000] as const;
const SAME_INSTANT_EVENTS = 40;
const READS_AT_ONCE = 8;
/**
 * n8n's store of processed items has no lock, so a duplicate may run when it begins along with the first run. Behind a dead worker
 * the two wait in the queue together. The time is that of a busy machine.
 */
const AT_ONCE_MS = 4_000;
/** After this time without any run that ends, none will. */
const STUCK_AFTER_MS = 45_000;

// ---------------------------------------------------------------------------------------------
// The workflows

const sessionFields = (startId: string) => ({
	resource: 'session',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
	tag: 'latest',
	metaData: { entries: [{ key: 'startId', value: startId }] },
	options: {},
});

/** What costs money and must not be doubled. */
interface Starter {
	what: 'session' | 'call';
	path: string;
	parameters: object;
	/** The start IDs of all that the API has begun. */
	begun: (simulator: Simulator) => unknown[];
}

const STARTERS: Starter[] = [
	{
		what: 'session',
		path: 'queue-start',
		parameters: { ...sessionFields('={{ $json.startId }}'), operation: 'start' },
		begun: ({ sessions }) => [...sessions.values()].map(({ metaData }) => metaData?.startId),
	},
	{
		what: 'call',
		path: 'queue-make',
		parameters: {
			resource: 'call',
			operation: 'make',
			to: '+15550003000',
			callVia: 'gateway',
			gatewayId: { __rl: true, mode: 'id', value: 'gw_out_01' },
			metaData: { entries: [{ key: 'startId', value: '={{ $json.startId }}' }] },
			// The rows of this test share one number.
			options: { allowSameNumber: true },
		},
		begun: ({ calls }) => [...calls.values()].map(({ metadata }) => metadata.startId),
	},
];

interface Workflows {
	events: string;
	/** In the order of STARTERS. */
	starts: string[];
	waits: string;
}

async function publishAll(cluster: Cluster): Promise<Workflows> {
	const { rest } = cluster.n8n;
	const work = n8nNode(
		'Work',
		'wait',
		{ resume: 'timeInterval', amount: '={{ $json.data.workSeconds }}', unit: 'seconds' },
		1.1,
	);
	const split = n8nNode('Split', 'splitOut', {
		fieldToSplitOut: 'body.startIds',
		options: { destinationFieldName: 'startId' },
	});
	const [events = '', waits = '', ...starts] = await Promise.all(
		[
			chain('Events', [
				ourNode(
					cluster,
					'Trigger',
					'videoSdkAgentCloudTrigger',
					{ events: ['ai-deployment-session-started'], options: {} },
					{ typeVersion: 1, webhookId: TRIGGER_PATH.split('/')[0] },
				),
				work,
				n8nNode('Done', 'noOp'),
			]),
			chain('Waits', [
				webhookNode(WAIT_PATH),
				ourNode(cluster, 'Start and Wait', 'videoSdkAgentCloud', {
					...sessionFields('={{ $json.body.startId }}'),
					operation: 'startAndWait',
					maxWait: '={{ $json.body.maxWait }}',
					maxWaitUnit: 'minutes',
				}),
				n8nNode('Done', 'noOp'),
			]),
			...STARTERS.map(({ what, path, parameters }) =>
				chain(`Start ${what}s`, [
					webhookNode(path),
					split,
					ourNode(cluster, 'Start', 'videoSdkAgentCloud', parameters),
					n8nNode('Done', 'noOp'),
				]),
			),
		].map(async (workflow) => await publish(cluster.n8n, workflow)),
	);
	for (const { url } of cluster.webhooks) {
		// Unsigned: refused by the trigger, so it is there. A GET: tells that the path is registered for POST.
		expect(await rest.waitForWebhook(`${url}/webhook/${TRIGGER_PATH}`)).toBe(401);
		for (const path of [WAIT_PATH, ...STARTERS.map((starter) => starter.path)]) {
			await untilPublished(url, path);
		}
	}
	return { events, waits, starts };
}

// ---------------------------------------------------------------------------------------------
// The load

/** The page of an n8n that starts, a 200 as well: nobody has looked at the request. */
const isStartPage = (text?: string) => text?.includes('n8n is starting up') === true;

/** A start call that was made once, and whether it was answered 200. */
interface StartCall {
	starter: Starter;
	startIds: string[];
	isAnswered: boolean;
}

/** Sends what VideoSDK and a user's system would send, and counts the answers. */
class Sender {
	/** The sessions whose event was answered 200, at first or when delivered again. */
	readonly answered = new Set<string>();
	readonly unanswered = new Set<string>();
	readonly startCalls: StartCall[] = [];
	redeliveries = 0;
	duplicates = 0;
	duplicatesToOther = 0;
	stoppedInProcess = 0;
	open = 0;
	/** How long it was sending. */
	seconds = 0;
	private isToStop = false;
	private readonly pending: Array<Promise<void>> = [];

	constructor(private readonly cluster: Cluster) {}

	/** One attempt, at one of the webhook processes. @returns whether it was answered 200 */
	async attempt(sessionId: string, process: number): Promise<boolean> {
		const { simulator, webhooks } = this.cluster;
		const url = webhooks[process % webhooks.length]?.url;
		const { status, responseText } = await simulator.deliver(
			`${url}/webhook/${TRIGGER_PATH}`,
			eventBody(sessionId, 'started', undefined, { workSeconds: WORK_SECONDS }),
		);
		if (status === 200 && responseText?.includes('already been received')) this.stoppedInProcess++;
		return status === 200 && !isStartPage(responseText);
	}

	/** Delivers an event until it is answered 200, to one process and the other in turn. */
	private async deliver(sessionId: string, process: number): Promise<void> {
		for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
			if (attempt > 0) {
				this.redeliveries++;
				await during(RETRY_AFTER_MS);
			}
			if (await this.attempt(sessionId, process + attempt)) {
				this.answered.add(sessionId);
				return;
			}
		}
		this.unanswered.add(sessionId);
	}

	private async sendEvent(number: number): Promise<void> {
		const sessionId = randomUUID();
		this.open++;
		await this.deliver(sessionId, number).finally(() => this.open--);
		// The first two for certain: one to the same process, one to the other.
		if (number >= 2 && Math.random() >= DUPLICATE_SHARE) return;
		const [least, most] = DUPLICATE_AFTER_MS;
		await during(least + Math.random() * (most - least));
		const isToOther = ++this.duplicates % 2 === 0;
		if (isToOther) this.duplicatesToOther++;
		await this.deliver(sessionId, isToOther ? number + 1 : number);
	}

	/** Never sent again: whoever asks for a start twice gets two sessions. */
	private async callStart(number: number): Promise<void> {
		const startIds = Array.from({ length: ITEMS_PER_START }, () => randomUUID());
		const starter = STARTERS[number % STARTERS.length] as Starter;
		const call: StartCall = { starter, startIds, isAnswered: false };
		this.startCalls.push(call);
		// Each process is sent both kinds.
		const url = this.cluster.webhooks[Math.floor(number / STARTERS.length) % 2]?.url;
		try {
			const response = await this.cluster.n8n.rest.triggerByWebhook(`${url}/webhook/${starter.path}`, {
				startIds,
			});
			const text = await response.text();
			call.isAnswered = response.status === 200 && !isStartPage(text);
		} catch {
			// The process was killed.
		}
	}

	/** Calls one more start while it is sending. @param index of STARTERS */
	startMore(index: number): void {
		this.pending.push(this.callStart(index));
	}

	/** Keeps sending until told to stop, and awaits the last answers. */
	async send(): Promise<void> {
		const startMs = Date.now();
		for (let number = 0; !this.isToStop; number++) {
			await during(DELIVERY_INTERVAL_MS);
			if (this.open >= MAX_OPEN_DELIVERIES) continue;
			this.pending.push(this.sendEvent(number));
			const startNumber = number / DELIVERIES_PER_START_CALL;
			if (Number.isInteger(startNumber)) this.pending.push(this.callStart(startNumber));
		}
		this.seconds = Math.round((Date.now() - startMs) / 1000);
		await Promise.all(this.pending);
	}

	stop(): void {
		this.isToStop = true;
	}
}

// ---------------------------------------------------------------------------------------------
// What n8n's database tells about it

/** A run, and what it was for. */
interface Run {
	id: string;
	workflowId: string;
	status: string;
	/** The session of the event, or the first start id. */
	subject?: string;
	startedAtMs: number;
	/** Whether the nodes after ours ran to the end. */
	isDone: boolean;
}

function firstItem(items: unknown): Record<string, unknown> | undefined {
	return (items as Array<Array<{ json: Record<string, unknown> }>> | undefined)?.[0]?.[0]?.json;
}

/** What a run was started with: the first node's output, or, before it ran, what it is to be given. */
function inputOf(execution: Pick<Execution, 'data'>, firstNode: string): Record<string, unknown> | undefined {
	const { runData } = execution.data.resultData;
	const { executionData } = execution.data as {
		executionData?: { nodeExecutionStack?: Array<{ data?: { main?: unknown } }> };
	};
	return (
		firstItem(runData[firstNode]?.[0]?.data?.main) ??
		firstItem(executionData?.nodeExecutionStack?.[0]?.data?.main)
	);
}

function subjectOf(execution: Pick<Execution, 'data'>): string | undefined {
	const event = inputOf(execution, 'Trigger')?.sessionId;
	if (typeof event === 'string') return event;
	const body = inputOf(execution, 'Webhook')?.body as { startIds?: string[] } | undefined;
	return body?.startIds?.[0];
}

async function mapSome<T, R>(items: T[], read: (item: T) => Promise<R>): Promise<R[]> {
	const results: R[] = [];
	for (let index = 0; index < items.length; index += READS_AT_ONCE) {
		results.push(...(await Promise.all(items.slice(index, index + READS_AT_ONCE).map(read))));
	}
	return results;
}

async function firstPage(
	cluster: Cluster,
	filter: { workflowId?: string } = {},
): Promise<ExecutionSummary[]> {
	const query = new URLSearchParams({ filter: JSON.stringify(filter), limit: '100' });
	return (await cluster.n8n.rest.call<{ results: ExecutionSummary[] }>('GET', `/executions?${query}`))
		.results;
}

async function latestId(cluster: Cluster): Promise<number> {
	return Math.max(0, ...(await firstPage(cluster)).map(({ id }) => Number(id)));
}

/** What a run was for, by what it began with. */
async function firstSubjectOf({ n8n, postgres }: Cluster, id: string): Promise<string | undefined> {
	const text = await postgres.query(`select data from first_data where "executionId" = ${id}`);
	return text === '' ? undefined : subjectOf({ data: n8n.rest.unflatten(text) });
}

/** Reads the runs that were created after some moment. */
class Runs {
	private constructor(
		private readonly cluster: Cluster,
		private readonly lastIdBefore: number,
	) {}

	/** The runs from now on. */
	static async fromNow(cluster: Cluster): Promise<Runs> {
		return new Runs(cluster, await latestId(cluster));
	}

	/** Runs in progress come first in n8n's list. */
	async inProgress(workflowIds: string[]): Promise<string[]> {
		const pages = await mapSome(
			workflowIds,
			async (workflowId) => await firstPage(this.cluster, { workflowId }),
		);
		return pages
			.flat()
			.filter((run) => !isFinal(run))
			.map(({ id }) => id);
	}

	/**
	 * By number: n8n sorts its list by the start and cuts it into pages by the id, so a run that starts later than one that was
	 * created after it can be missing.
	 */
	async read(): Promise<Run[]> {
		const count = (await latestId(this.cluster)) - this.lastIdBefore;
		const ids = Array.from({ length: count }, (_, index) => String(this.lastIdBefore + 1 + index));
		const runs = await mapSome(ids, async (id): Promise<Run | undefined> => {
			const execution = await this.whole(id);
			return (
				execution && {
					id: execution.id,
					workflowId: execution.workflowId,
					status: execution.status,
					subject: subjectOf(execution) ?? (await firstSubjectOf(this.cluster, id)),
					startedAtMs: Date.parse(execution.startedAt),
					isDone: execution.status === 'success' && execution.data.resultData.runData.Done !== undefined,
				}
			);
		});
		return runs.filter((run) => run !== undefined);
	}

	/** A run; n8n 1.x stores that it went well a moment before what its nodes put out. */
	private async whole(id: string): Promise<Execution | undefined> {
		const { execution } = await waitFor(
			`the data of run ${id}`,
			async () => {
				const current = await this.cluster.n8n.rest.getExecution(id);
				return current?.status === 'success' && !isStored(current) ? undefined : { execution: current };
			},
			30_000,
		);
		return execution;
	}
}

/**
 * Waits until nothing is in progress, as long as it becomes less. What n8n has lost from its queue it gives up when the main process
 * starts again.
 */
async function settle(cluster: Cluster, runs: Runs, workflowIds: string[]): Promise<void> {
	const left = async () => await runs.inProgress(workflowIds);
	const unfinished = "select count(*) from execution_entity where status in ('new', 'running', 'waiting')";
	let fewest = Infinity;
	let fewerSinceMs = Date.now();
	while (Date.now() - fewerSinceMs < STUCK_AFTER_MS) {
		if ((await left()).length === 0) return;
		const count = Number(await cluster.postgres.query(unfinished));
		if (count < fewest) [fewest, fewerSinceMs] = [count, Date.now()];
		await during(1_500);
	}
	await cluster.n8n.restart();
	await waitFor(
		'n8n to give up what is not in its queue',
		async () => ((await left()).length === 0 ? true : undefined),
		120_000,
		1_000,
	);
}

/**
 * What became of the events that were answered 200: which are lost without a trace, and which ran twice although nothing excuses it.
 * Two executions that begin at the same moment may both run, and those of an event whose worker was killed (docs/dev/queue-mode.md): a
 * worker records in n8n's database what it runs, and what it had just recorded, the other worker may overwrite.
 */
function judgeEvents(sender: Sender, runs: Run[], killedLog: string): { ranTwice: string[]; lost: string[] } {
	const done = new Map<string, Run[]>();
	const reported = new Set<string>();
	for (const run of runs) {
		const { status, subject = '', isDone } = run;
		if (isDone) done.set(subject, [...(done.get(subject) ?? []), run]);
		else if (status !== 'success') reported.add(subject);
	}
	const isExcused = (all: Run[]) => {
		const starts = all.map(({ startedAtMs }) => startedAtMs);
		const areAtOnce = Math.max(...starts) - Math.min(...starts) <= AT_ONCE_MS;
		return areAtOnce || (all.length === 2 && all.some(({ id }) => hasStarted(killedLog, id)));
	};
	return {
		ranTwice: [...done].filter(([, all]) => !isExcused(all)).map(([sessionId]) => sessionId),
		lost: [...sender.answered].filter((sessionId) => !done.has(sessionId) && !reported.has(sessionId)),
	};
}

/** What became of the starts that were answered 200. */
function judgeStarts({ simulator }: Cluster, starter: Starter, { startCalls }: Sender, runs: Run[]) {
	const begun = starter.begun(simulator).map(String);
	const known = new Set(begun);
	const reported = new Set(runs.filter(({ status }) => status !== 'success').map(({ subject }) => subject));
	const answered = startCalls.filter((call) => call.isAnswered && call.starter === starter);
	return {
		started: answered.flatMap(({ startIds }) => startIds).filter((startId) => known.has(startId)).length,
		doubled: begun.filter((startId, index) => begun.indexOf(startId) !== index),
		lost: answered
			.filter(({ startIds }) => !reported.has(startIds[0]))
			.flatMap(({ startIds }) => startIds)
			.filter((startId) => !known.has(startId)),
	};
}

/** Settles and asserts. @param killedLog of a worker, until it was killed */
async function judge(
	cluster: Cluster,
	workflows: Workflows,
	sender: Sender,
	runs: Runs,
	killedLog = '',
): Promise<void> {
	await settle(cluster, runs, [workflows.events, ...workflows.starts]);
	const all = await runs.read();
	const of = (id: string) => all.filter(({ workflowId }) => workflowId === id);
	expect(all.filter((run) => run.workflowId !== workflows.waits && !isFinal(run))).toEqual([]);
	// Else nothing is put to the test. A slow machine is given less load.
	const least = sender.seconds / 4;
	for (const [index, starter] of STARTERS.entries()) {
		const starts = judgeStarts(cluster, starter, sender, of(workflows.starts[index] ?? ''));
		expect([starter.what, starts.doubled, starts.lost]).toEqual([starter.what, [], []]);
		expect(starts.started).toBeGreaterThan(least);
	}
	const runsOfEvents = of(workflows.events);
	const { ranTwice, lost } = judgeEvents(sender, runsOfEvents, killedLog);
	expect({ unanswered: [...sender.unanswered], lost, ranTwice }).toEqual({
		unanswered: [],
		lost: [],
		ranTwice: [],
	});
	const stoppedInRun = runsOfEvents.filter(({ status, isDone }) => status === 'success' && !isDone);
	expect(sender.duplicatesToOther).toBeGreaterThan(0);
	expect(sender.stoppedInProcess + stoppedInRun.length).toBeGreaterThan(0);
	expect(runsOfEvents.length).toBeGreaterThan(least);
}

// ---------------------------------------------------------------------------------------------
// Start and Wait

interface WaitingRun {
	executionId: string;
	sessionId: string;
}

/** Starts a run and waits until it waits, or has done so: a short wait may be over before it is seen. */
async function startWaiting(cluster: Cluster, maxWaitMinutes: number): Promise<WaitingRun> {
	const startId = randomUUID();
	const { rest } = cluster.n8n;
	const response = await rest.triggerByWebhook(`${cluster.balancerUrl}/webhook/${WAIT_PATH}`, {
		startId,
		maxWait: maxWaitMinutes,
	});
	await response.text();
	expect(response.status).toBe(200);
	return await waitFor(
		'the run to wait',
		async () => {
			const session = [...cluster.simulator.sessions.values()].find(
				({ metaData }) => metaData?.startId === startId,
			);
			if (!session) return undefined;
			const resumeUrl = session.webhook?.endPoint ?? '';
			expect(resumeUrl.startsWith(`${cluster.balancerUrl}/`)).toBe(true);
			const executionId = /\/webhook-waiting\/(\d+)/.exec(resumeUrl)?.[1] ?? '';
			const execution = await rest.getExecution(executionId);
			return execution && (isWaiting(execution) || isFinal(execution))
				? { executionId, sessionId: session.sessionId }
				: undefined;
		},
		60_000,
		100,
	);
}

/** The output of a run of Start and Wait that has ended. */
async function outcomeOf(cluster: Cluster, run: WaitingRun, timeoutMs?: number) {
	const execution = await runEnded(cluster.n8n, run.executionId, 'Done', timeoutMs);
	expect(execution.status).toBe('success');
	const output = outputOf(execution, 'Done');
	expect(output).toHaveLength(1);
	expect(output[0]).toMatchObject({ sessionId: run.sessionId });
	return output[0];
}

/**
 * Delivers the end of the session to the resume URL, as often as a sender would.
 *
 * @returns what resumed the run: n8n answers 409 to an event that comes when our own poll has done it already
 */
async function endSession(cluster: Cluster, { sessionId }: WaitingRun): Promise<'event' | 'poll'> {
	return await waitFor(
		'the end of the session to be delivered',
		async () => {
			const status = (await cluster.simulator.emit(sessionId, 'stopped'))?.status;
			return status === 200 ? 'event' : status === 409 ? 'poll' : undefined;
		},
		60_000,
		RETRY_AFTER_MS,
	);
}

const hasStarted = (log: string, executionId: string): boolean =>
	log.includes(`Worker started execution ${executionId} `);

const hasRun = ({ logs }: N8nProcess, executionId: string): boolean => hasStarted(logs, executionId);

/** Signals a process and its children. */
function signal({ pid }: N8nProcess, name: NodeJS.Signals): void {
	process.kill(-pid, name);
}

// ---------------------------------------------------------------------------------------------

describe('n8n 2.41.1 in queue mode: one main, two webhook processes, two workers', () => {
	const DEADLINE_MINUTES = 1.5;
	let cluster: Cluster;
	let workflows: Workflows;

	beforeAll(async () => {
		cluster = await startCluster('2.41.1');
		workflows = await publishAll(cluster);
	});

	afterAll(async () => await cluster?.stop());

	it('Start and Wait: several at once, resumed by their events; the deadline', async () => {
		const waiting = await Promise.all(Array.from({ length: 6 }, async () => await startWaiting(cluster, 60)));
		const timed = startWaiting(cluster, 0.1);
		expect(
			waiting.every(({ executionId }) => cluster.workers.some((worker) => hasRun(worker, executionId))),
		).toBe(true);
		const resumedBy = await Promise.all(waiting.map(async (run) => await endSession(cluster, run)));
		for (const run of waiting) {
			expect(await outcomeOf(cluster, run)).toMatchObject({ event: 'stopped', status: 'stopped' });
		}
		const timedOut = await outcomeOf(cluster, await timed, 150_000);
		expect(timedOut).toMatchObject({ timedOut: true });
		expect(timedOut).not.toHaveProperty('event');
		expect(resumedBy).toContain('event');
	});

	it('the same event to both webhook processes at the same instant', async () => {
		const runs = await Runs.fromNow(cluster);
		const sender = new Sender(cluster);
		const sessionIds = Array.from({ length: SAME_INSTANT_EVENTS }, () => randomUUID());
		for (const sessionId of sessionIds) {
			const answers = await Promise.all(
				[0, 1].map(async (process) => await sender.attempt(sessionId, process)),
			);
			expect(answers).toEqual([true, true]);
		}
		await settle(cluster, runs, [workflows.events]);
		const done = (await runs.read()).filter(({ isDone }) => isDone);
		const counts = sessionIds.map((sessionId) => done.filter(({ subject }) => subject === sessionId).length);
		expect(counts.filter((count) => count < 1 || count > 2)).toEqual([]);
	});

	const loadWorkflows = () => [workflows.events, ...workflows.starts];

	/** Kills the worker that started most of the waiting runs, ends the session of one of these, and starts the worker again. */
	async function killWorker(waiting: WaitingRun[], sender: Sender, runs: Runs) {
		const [first, second] = cluster.workers;
		const startedBy = (worker: N8nProcess) =>
			waiting.filter(({ executionId }) => hasRun(worker, executionId));
		const victim = startedBy(first).length >= startedBy(second).length ? first : second;
		const [resumed, ...others] = startedBy(victim);
		if (!resumed) throw new Error('The log of no worker tells that it started one of the runs');
		/** How many runs are under way on it: of events, and of each of STARTERS. */
		const underWay = async () =>
			await mapSome(
				loadWorkflows(),
				async (workflowId) => (await runs.inProgress([workflowId])).filter((id) => hasRun(victim, id)).length,
			);
		// Slow for a moment, so that the kill hits runs of all kinds for certain.
		cluster.simulator.latencyMs = SLOW_API_LATENCY_MS;
		let startedMoreAtMs = Date.now();
		await waitFor(
			'runs of all kinds to be under way on one worker',
			async () => {
				const seen = await underWay();
				if (!seen.includes(0)) {
					// Held up, it ends none of them between this look and the kill.
					signal(victim, 'SIGSTOP');
					if (!(await underWay()).includes(0)) return true;
					signal(victim, 'SIGCONT');
				}
				// A slow machine has few starts.
				if (Date.now() - startedMoreAtMs > 1_000) {
					startedMoreAtMs = Date.now();
					for (const index of STARTERS.keys()) if (seen[index + 1] === 0) sender.startMore(index);
				}
				return undefined;
			},
			90_000,
			50,
		);
		await victim.kill();
		cluster.simulator.latencyMs = API_LATENCY_MS;
		// Nobody polls any more for its runs: the event resumes one all the same, and the others have n8n's own deadline.
		expect(await endSession(cluster, resumed)).toBe('event');
		expect(await outcomeOf(cluster, resumed)).toMatchObject({ event: 'stopped', status: 'stopped' });
		const killedLog = victim.logs;
		await victim.restart();
		return { others, killedLog };
	}

	it('nothing is lost and nothing doubled while a worker and a webhook process are killed', async () => {
		const sender = new Sender(cluster);
		const runs = await Runs.fromNow(cluster);
		const waiting = await Promise.all(
			Array.from({ length: 4 }, async () => await startWaiting(cluster, DEADLINE_MINUTES)),
		);
		const load = sender.send();
		let killed: Awaited<ReturnType<typeof killWorker>>;
		try {
			await during(25_000);
			killed = await killWorker(waiting, sender, runs);
			await during(15_000);
			await cluster.webhooks[1].kill();
			await during(4_000);
			await cluster.webhooks[1].restart();
			await during(15_000);
		} finally {
			sender.stop();
			await load;
		}

		await judge(cluster, workflows, sender, runs, killed.killedLog);
		// The other kill hit deliveries.
		expect(sender.redeliveries).toBeGreaterThan(0);
		for (const run of killed.others) {
			expect(await outcomeOf(cluster, run, 240_000)).toMatchObject({ timedOut: true });
		}
	});
});

describe('n8n 1.123.81 in queue mode', () => {
	const LOAD_SECONDS = 30;
	let cluster: Cluster;

	beforeAll(async () => {
		cluster = await startCluster('1.123.81');
	});

	afterAll(async () => await cluster?.stop());

	it('nothing is lost and nothing doubled, and Start and Wait is resumed', async () => {
		const workflows = await publishAll(cluster);
		const sender = new Sender(cluster);
		const runs = await Runs.fromNow(cluster);
		const waiting = await startWaiting(cluster, 60);
		const load = sender.send();
		await during(LOAD_SECONDS * 1000);
		sender.stop();
		await load;
		await endSession(cluster, waiting);
		expect(await outcomeOf(cluster, waiting)).toMatchObject({ event: 'stopped', status: 'stopped' });
		await judge(cluster, workflows, sender, runs);
	});
});
