/** Queue mode with two webhook processes and two workers, under load: nothing is lost, nothing doubled; nightly, while processes are killed. */
import { randomUUID } from 'node:crypto';
import type { N8nProcess } from '../n8n/instance';
import { waitFor } from '../n8n/processes';
import { isFinal, outputOf } from '../n8n/rest';
import type { Simulator } from '../simulator';
import { API_LATENCY_MS, type Cluster, startCluster } from './cluster';
import {
	during,
	eventBody,
	isWaiting,
	LATEST_VERSION,
	publish,
	runEnded,
	untilPublished,
} from './deliveries';
import { chain, n8nNode, ourNode, webhookNode } from './setup';

const TRIGGER_ID = 'queue-events';
const WAIT_PATH = 'queue-wait';
/** Called at the end of each execution of an event. The simulator knows no such path. */
const DONE_PATH = '/done/';
const ITEMS_PER_START = 4;
/** The API takes so long for a moment, so that a kill hits starts that are under way. */
const SLOW_API_LATENCY_MS = 5_000;
/** What follows the trigger takes so long, so that a kill hits executions that are under way. */
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
const SAME_INSTANT_EVENTS = 20;
const LOAD_MS = 20_000;
/**
 * n8n's store of processed items has no lock, so a duplicate may run when it begins along with the first execution. Behind a dead
 * worker the two wait in the queue together. The time is that of a busy machine.
 */
const AT_ONCE_MS = 4_000;
/** After this time without any execution that ends, none will. */
const STUCK_AFTER_MS = 45_000;
const DEADLINE_MINUTES = 1.5;

const sessionFields = (startId: string) => ({
	resource: 'session',
	deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
	metaData: { entries: [{ key: 'startId', value: startId }] },
});

/** What costs money and must not be doubled. */
interface Starter {
	path: string;
	parameters: object;
	/** The start IDs of all that the API has begun. */
	begun: (simulator: Simulator) => unknown[];
}

const STARTERS: Starter[] = [
	{
		path: 'queue-sessions',
		parameters: { ...sessionFields('={{ $json.startId }}'), operation: 'start' },
		begun: ({ sessions }) => [...sessions.values()].map(({ metaData }) => metaData?.startId),
	},
	{
		path: 'queue-calls',
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

/** The IDs of the published workflows. */
interface Workflows {
	events: string;
	/** In the order of STARTERS. */
	starts: string[];
}

async function publishAll(cluster: Cluster): Promise<Workflows> {
	const work = { resume: 'timeInterval', amount: WORK_SECONDS, unit: 'seconds' };
	const url = `=${cluster.simulator.url}${DONE_PATH}{{ $('Trigger').item.json.sessionId }}/{{ $execution.id }}`;
	const done = {
		...n8nNode('Done', 'httpRequest', { url, options: {} }, 4.2),
		onError: 'continueRegularOutput',
	};
	const node = (name: string, parameters: object) => ourNode(cluster, name, 'videoSdkAgentCloud', parameters);
	const events = { events: ['ai-deployment-session-started'] };
	const extra = { typeVersion: 1, webhookId: TRIGGER_ID };
	const [eventsId = '', , ...starts] = await Promise.all(
		[
			chain('Events', [
				ourNode(cluster, 'Trigger', 'videoSdkAgentCloudTrigger', events, extra),
				n8nNode('Work', 'wait', work, 1.1),
				done,
			]),
			chain('Waits', [
				webhookNode(WAIT_PATH),
				node('Start and Wait', {
					...sessionFields('={{ $json.body.startId }}'),
					operation: 'startAndWait',
					maxWait: '={{ $json.body.maxWait }}',
					maxWaitUnit: 'minutes',
				}),
				n8nNode('Done', 'noOp'),
			]),
			...STARTERS.map(({ path, parameters }) => {
				const options = { destinationFieldName: 'startId' };
				const rows = n8nNode('Rows', 'splitOut', { fieldToSplitOut: 'body.startIds', options });
				return chain(path, [webhookNode(path), rows, node('Start', parameters)]);
			}),
		].map(async (workflow) => await publish(cluster.n8n, workflow)),
	);
	for (const process of cluster.webhooks) {
		await cluster.n8n.rest.waitForWebhook(`${process.url}/webhook/${TRIGGER_ID}/webhook`);
		for (const path of [WAIT_PATH, ...STARTERS.map((starter) => starter.path)])
			await untilPublished(process.url, path);
	}
	return { events: eventsId, starts };
}

/** The page of an n8n that starts, a 200 as well: no one has looked at the request. */
const isStartPage = (text?: string) => text?.includes('n8n is starting up') === true;

/** A start call that was made once, and whether the response was 200. */
interface StartCall {
	starter: Starter;
	startIds: string[];
	isAnswered: boolean;
}

/** Sends what VideoSDK and a user's system would send, and counts the responses. */
class Sender {
	/** The sessions whose event got the response 200, at first or when delivered again. */
	readonly answered = new Set<string>();
	readonly unanswered = new Set<string>();
	readonly startCalls: StartCall[] = [];
	redeliveries = 0;
	duplicates = 0;
	stoppedInProcess = 0;
	private open = 0;
	private isToStop = false;
	private readonly pending: Array<Promise<void>> = [];

	constructor(private readonly cluster: Cluster) {}

	/** One attempt, at one of the webhook processes. @returns whether the response was 200 */
	async attempt(sessionId: string, process: number): Promise<boolean> {
		const { simulator, webhooks } = this.cluster;
		const url = `${webhooks[process % webhooks.length]?.url}/webhook/${TRIGGER_ID}/webhook`;
		const { status, responseText } = await simulator.deliver(url, eventBody(sessionId, 'started'));
		if (status === 200 && responseText?.includes('already been received')) this.stoppedInProcess++;
		return status === 200 && !isStartPage(responseText);
	}

	/** Delivers an event until the response is 200, to one process and the other in turn. */
	private async deliver(sessionId: string, process: number): Promise<void> {
		for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
			if (attempt > 0) {
				this.redeliveries++;
				await during(RETRY_AFTER_MS);
			}
			if (!(await this.attempt(sessionId, process + attempt))) continue;
			this.answered.add(sessionId);
			return;
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
		await this.deliver(sessionId, number + (++this.duplicates % 2));
	}

	/** Never sent again: whoever asks for a start twice gets two sessions. @param number decides what is started, and by which process */
	async callStart(number: number): Promise<void> {
		const startIds = Array.from({ length: ITEMS_PER_START }, () => randomUUID());
		const starter = STARTERS[number % STARTERS.length] as Starter;
		const call: StartCall = { starter, startIds, isAnswered: false };
		this.startCalls.push(call);
		const url = this.cluster.webhooks[Math.floor(number / STARTERS.length) % 2]?.url;
		const { rest } = this.cluster.n8n;
		// It fails if the process is killed.
		const response = await rest
			.triggerByWebhook(`${url}/webhook/${starter.path}`, { startIds })
			.catch(() => undefined);
		const text = await response?.text().catch(() => undefined);
		call.isAnswered = response?.status === 200 && text !== undefined && !isStartPage(text);
	}

	/** Sends until told to stop, and awaits the last responses. */
	async send(): Promise<void> {
		for (let number = 0; !this.isToStop; number++) {
			await during(DELIVERY_INTERVAL_MS);
			if (this.open >= MAX_OPEN_DELIVERIES) continue;
			this.pending.push(this.sendEvent(number));
			const startNumber = number / DELIVERIES_PER_START_CALL;
			if (Number.isInteger(startNumber)) this.pending.push(this.callStart(startNumber));
		}
		await Promise.all(this.pending);
	}

	stop(): void {
		this.isToStop = true;
	}
}

/** The executions of a workflow in n8n's database, in one of some states. n8n's own list may lack some. */
async function executionsOf(
	{ postgres }: Cluster,
	workflowId: string,
	...states: string[]
): Promise<string[]> {
	const sql = `select id from execution_entity where "workflowId" = '${workflowId}' and status in ('${states.join("','")}')`;
	return (await postgres.query(sql)).split('\n').filter(Boolean);
}
const UNFINISHED = ['new', 'running', 'waiting'];
const FAILED = ['error', 'crashed', 'canceled', 'unknown'];

/** Waits until nothing is in progress. What n8n has lost from its queue it gives up when the main process starts again. */
async function settle(cluster: Cluster, workflowIds: string[]): Promise<void> {
	const left = async () =>
		(await Promise.all(workflowIds.map(async (id) => await executionsOf(cluster, id, ...UNFINISHED)))).flat()
			.length;
	let fewest = Infinity;
	let fewerSinceMs = Date.now();
	while (Date.now() - fewerSinceMs < STUCK_AFTER_MS) {
		const count = await left();
		if (count === 0) return;
		if (count < fewest) [fewest, fewerSinceMs] = [count, Date.now()];
		await during(1_000);
	}
	await cluster.n8n.restart();
	const isOver = async () => (await left()) === 0 || undefined;
	await waitFor('n8n to give up what is not in its queue', isOver, 120_000, 1_000);
}

/** The executions that came to their end for each session, and when. */
function doneFor({ simulator }: Cluster): Map<string, Map<string, number>> {
	const done = new Map<string, Map<string, number>>();
	for (const { path, receivedAtMs } of simulator.requests) {
		const [, sessionId, id] = /^\/done\/([^/]+)\/(\d+)$/.exec(path) ?? [];
		if (sessionId && id) done.set(sessionId, (done.get(sessionId) ?? new Map()).set(id, receivedAtMs));
	}
	return done;
}

const hasStarted = (log: string, executionId: string): boolean =>
	log.includes(`Worker started execution ${executionId} `);

/**
 * Settles and asserts: what got the response 200 came to its end once, or n8n shows a failed execution for it. Two executions that begin
 * at the same moment may both run, and those of an event whose worker was killed (docs/dev/queue-mode.md): a worker records in n8n's
 * database what it runs, and what it had just recorded, the other worker may overwrite.
 *
 * @param killedLog of a worker, until it was killed
 */
async function judge(cluster: Cluster, workflows: Workflows, sender: Sender, killedLog = ''): Promise<void> {
	await settle(cluster, [workflows.events, ...workflows.starts]);
	const failed = async (id: string) => (await executionsOf(cluster, id, ...FAILED)).length;
	for (const [index, starter] of STARTERS.entries()) {
		const begun = starter.begun(cluster.simulator).map(String);
		const calls = sender.startCalls.filter((call) => call.isAnswered && call.starter === starter);
		const isBegun = ({ startIds }: StartCall) => startIds.every((startId) => begun.includes(startId));
		expect([starter.path, begun.length - new Set(begun).size]).toEqual([starter.path, 0]);
		const incomplete = calls.filter((call) => !isBegun(call)).length;
		expect(incomplete).toBeLessThanOrEqual(await failed(workflows.starts[index] ?? ''));
		// Else nothing was put to the test.
		expect(calls.filter(isBegun).length).toBeGreaterThan(2);
	}
	const done = doneFor(cluster);
	const isExcused = (executions: Map<string, number>) => {
		const times = [...executions.values()];
		const areAtOnce = Math.max(...times) - Math.min(...times) <= AT_ONCE_MS;
		const wasKilled = [...executions.keys()].some((id) => hasStarted(killedLog, id));
		return areAtOnce || (executions.size === 2 && wasKilled);
	};
	const ranTwice = [...sender.answered].filter((sessionId) => {
		const executions = done.get(sessionId);
		return executions && executions.size > 1 && !isExcused(executions);
	});
	expect({ unanswered: [...sender.unanswered], ranTwice }).toEqual({ unanswered: [], ranTwice: [] });
	const missing = [...sender.answered].filter((sessionId) => !done.has(sessionId));
	expect(missing.length).toBeLessThanOrEqual(await failed(workflows.events));
	const succeeded = await executionsOf(cluster, workflows.events, 'success');
	const toTheEnd = new Set([...done.values()].flatMap((executions) => [...executions.keys()]));
	const stoppedInExecution = succeeded.filter((id) => !toTheEnd.has(id)).length;
	expect(sender.duplicates).toBeGreaterThan(1);
	expect(sender.stoppedInProcess + stoppedInExecution).toBeGreaterThan(0);
}

interface WaitingExecution {
	executionId: string;
	sessionId: string;
}

/** Starts an execution and waits until it waits, or has done so: a short wait may be over before it is seen. */
async function startWaiting(cluster: Cluster, maxWait: number): Promise<WaitingExecution> {
	const startId = randomUUID();
	const { rest } = cluster.n8n;
	const url = `${cluster.balancerUrl}/webhook/${WAIT_PATH}`;
	expect((await rest.triggerByWebhook(url, { startId, maxWait })).status).toBe(200);
	return await waitFor(
		'the execution to wait',
		async () => {
			const all = [...cluster.simulator.sessions.values()];
			const session = all.find(({ metaData }) => metaData?.startId === startId);
			if (!session) return undefined;
			const resumeUrl = session.webhook?.endPoint ?? '';
			expect(resumeUrl.startsWith(`${cluster.balancerUrl}/`)).toBe(true);
			const executionId = /\/webhook-waiting\/(\d+)/.exec(resumeUrl)?.[1] ?? '';
			const execution = await rest.getExecution(executionId);
			const hasWaited = execution && (isWaiting(execution) || isFinal(execution));
			return hasWaited ? { executionId, sessionId: session.sessionId } : undefined;
		},
		60_000,
		100,
	);
}

/** Checks the output of an execution that has waited. */
async function expectOutcome(
	{ n8n }: Cluster,
	{ executionId, sessionId }: WaitingExecution,
	outcome: object,
	timeoutMs?: number,
) {
	const execution = await runEnded(n8n, executionId, 'Done', timeoutMs);
	expect(execution.status).toBe('success');
	expect(outputOf(execution, 'Done')).toEqual([expect.objectContaining({ sessionId, ...outcome })]);
}
const ENDED = { event: 'stopped', status: 'stopped' };

/**
 * Delivers the end of the session to the resume URL, as often as a sender would.
 *
 * @returns what resumed the execution: n8n answers 409 to an event that comes when our own request has done it already
 */
async function endSession({ simulator }: Cluster, sessionId: string): Promise<'event' | 'poll'> {
	return await waitFor(
		'the end of the session to be delivered',
		async () => {
			const status = (await simulator.emit(sessionId, 'stopped'))?.status;
			return status === 200 ? 'event' : status === 409 ? 'poll' : undefined;
		},
		60_000,
		RETRY_AFTER_MS,
	);
}

describe.each(LATEST_VERSION)('n8n %s in queue mode', (version) => {
	let cluster: Cluster;
	let workflows: Workflows;

	beforeAll(async () => {
		cluster = await startCluster(version);
		workflows = await publishAll(cluster);
	});
	afterAll(async () => await cluster?.stop());

	it('Start and Wait: several at once, resumed by their events; the deadline', async () => {
		const timed = startWaiting(cluster, 0.1);
		const waiting = await Promise.all(Array.from({ length: 6 }, async () => await startWaiting(cluster, 60)));
		const isOnWorker = ({ executionId }: WaitingExecution) =>
			cluster.workers.some(({ logs }) => hasStarted(logs, executionId));
		expect(waiting.every(isOnWorker)).toBe(true);
		const end = async ({ sessionId }: WaitingExecution) => await endSession(cluster, sessionId);
		expect(await Promise.all(waiting.map(end))).toContain('event');
		for (const execution of waiting) await expectOutcome(cluster, execution, ENDED);
		await expectOutcome(cluster, await timed, { timedOut: true }, 150_000);
	});

	it('runs once or twice for the same event to both webhook processes at the same instant', async () => {
		const sender = new Sender(cluster);
		const sessionIds = Array.from({ length: SAME_INSTANT_EVENTS }, () => randomUUID());
		for (const sessionId of sessionIds) {
			const attempts = [0, 1].map(async (process) => await sender.attempt(sessionId, process));
			expect(await Promise.all(attempts)).toEqual([true, true]);
		}
		await settle(cluster, [workflows.events]);
		const counts = sessionIds.map((sessionId) => doneFor(cluster).get(sessionId)?.size ?? 0);
		expect(counts.filter((count) => count < 1 || count > 2)).toEqual([]);
	});

	it('nothing is lost and nothing doubled under load', async () => {
		const sender = new Sender(cluster);
		const load = sender.send();
		await during(LOAD_MS);
		sender.stop();
		await load;
		await judge(cluster, workflows, sender);
	});

	/** Kills the worker that started most of the waiting executions, ends the session of one of these, and starts the worker again. */
	async function killWorker(waiting: WaitingExecution[], sender: Sender) {
		const startedBy = ({ logs }: N8nProcess) =>
			waiting.filter(({ executionId }) => hasStarted(logs, executionId));
		const [first, second] = cluster.workers;
		const victim = startedBy(first).length >= startedBy(second).length ? first : second;
		const [resumed, ...others] = startedBy(victim) as [WaitingExecution, ...WaitingExecution[]];
		/** How many executions are under way on it: of events, and of each of STARTERS. */
		const underWay = async () =>
			await Promise.all(
				[workflows.events, ...workflows.starts].map(async (id) => {
					const running = await executionsOf(cluster, id, 'new', 'running');
					return running.filter((executionId) => hasStarted(victim.logs, executionId)).length;
				}),
			);
		// Slow for a moment, so that the kill hits executions of all kinds for certain.
		cluster.simulator.latencyMs = SLOW_API_LATENCY_MS;
		await waitFor(
			'executions of all kinds to be under way on one worker',
			async () => {
				const seen = await underWay();
				if (!seen.includes(0)) {
					// Held up, it ends none of them between this look and the kill.
					process.kill(-victim.pid, 'SIGSTOP');
					if (!(await underWay()).includes(0)) return true;
					process.kill(-victim.pid, 'SIGCONT');
				}
				// A slow machine has few starts.
				for (const index of STARTERS.keys()) if (seen[index + 1] === 0) void sender.callStart(index);
				return undefined;
			},
			90_000,
			1_000,
		);
		await victim.kill();
		cluster.simulator.latencyMs = API_LATENCY_MS;
		// No one asks any more for its executions: the event resumes one all the same, and the others have n8n's own deadline.
		expect(await endSession(cluster, resumed.sessionId)).toBe('event');
		await expectOutcome(cluster, resumed, ENDED);
		const killedLog = victim.logs;
		await victim.restart();
		return { others, killedLog };
	}

	(process.env.ALL_VERSIONS ? it : it.skip)(
		'nothing is lost and nothing doubled while a worker and a webhook process are killed',
		async () => {
			const sender = new Sender(cluster);
			const waiting = await Promise.all(
				Array.from({ length: 4 }, async () => await startWaiting(cluster, DEADLINE_MINUTES)),
			);
			const load = sender.send();
			let killed: Awaited<ReturnType<typeof killWorker>>;
			try {
				await during(LOAD_MS);
				killed = await killWorker(waiting, sender);
				await during(LOAD_MS);
				await cluster.webhooks[1].kill();
				await during(4_000);
				await cluster.webhooks[1].restart();
				await during(LOAD_MS);
			} finally {
				sender.stop();
				await load;
			}
			await judge(cluster, workflows, sender, killed.killedLog);
			// The other kill hit deliveries.
			expect(sender.redeliveries).toBeGreaterThan(0);
			for (const execution of killed.others)
				await expectOutcome(cluster, execution, { timedOut: true }, 240_000);
		},
	);
});
