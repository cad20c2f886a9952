/**
 * Queue mode with two webhook processes and two workers, under load: nothing is lost, nothing doubled; nightly, while processes
 * are killed.
 */
import { randomUUID } from 'node:crypto';
import { waitFor } from '../n8n/processes';
import { during, eventBody, publish } from './deliveries';
import { chain, countingNode, ourNode, pause } from './nodes';
import { PATIENT, type Setup, setUpAll } from './setup';

const TRIGGER_ID = 'queue-events';
const API_LATENCY_MS = 80;
/** So long take executions, so that a kill hits some that are under way. */
const WORK_SECONDS = 0.4;
const DELIVERY_INTERVAL_MS = 150;
/** Each of so many events is delivered again, to the same process and to the other in turn. */
const EVENTS_PER_DUPLICATE = 10;
/** Beyond it a slow machine is given less load. */
const MAX_OPEN_DELIVERIES = 25;
const MAX_ATTEMPTS = 15;
const RETRY_AFTER_MS = 1_000;
const LOAD_MS = 20_000;
/**
 * n8n's store of processed items has no lock, so a duplicate may run when it begins along with the first execution. Behind a dead
 * worker the two wait in the queue together. The time is that of a busy machine.
 */
const AT_ONCE_MS = 4_000;
/** After this time without any execution that ends, none will. */
const STUCK_AFTER_MS = 45_000;

/** The page of an n8n that starts, a 200 as well: no one has looked at the request. */
const isStartPage = (text?: string) => text?.includes('n8n is starting up') === true;

/** Sends what VideoSDK would send, and counts the responses. */
class Sender {
	/** The sessions whose event got the response 200, at first or when delivered again. */
	readonly answered = new Set<string>();
	readonly unanswered = new Set<string>();
	redeliveries = 0;
	duplicates = 0;
	stoppedInProcess = 0;
	private open = 0;

	constructor(private readonly setup: Setup) {}

	/** One attempt, at one of the webhook processes. @returns whether the response was 200 */
	private async attempt(sessionId: string, process: number): Promise<boolean> {
		const { simulator, webhooks } = this.setup;
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
		if (number % EVENTS_PER_DUPLICATE >= 2) return;
		// Soon, and when the first execution is over.
		await during(500 + Math.random() * 7_500);
		this.duplicates++;
		await this.deliver(sessionId, number + (number % EVENTS_PER_DUPLICATE));
	}

	/** Sends while something is done, and awaits the last responses. */
	async during(action: () => Promise<void>): Promise<void> {
		const sent: Array<Promise<void>> = [];
		const load = setInterval(() => {
			if (this.open < MAX_OPEN_DELIVERIES) sent.push(this.sendEvent(sent.length));
		}, DELIVERY_INTERVAL_MS);
		await action().finally(() => clearInterval(load));
		await Promise.all(sent);
	}
}

const hasStarted = (log: string, executionId: string): boolean =>
	log.includes(`Worker started execution ${executionId} `);

describe('n8n in queue mode', () => {
	const setup = setUpAll({
		queue: { webhooks: 2, workers: 2 },
		simulator: { lifecycle: false, callBehaviour: false, latencyMs: API_LATENCY_MS, ...PATIENT },
	});

	let workflowId: string;

	beforeAll(async () => {
		const chosen = { events: ['ai-deployment-session-started', 'call-hangup'] };
		workflowId = await publish(
			setup.n8n,
			chain('Events', [
				ourNode(setup, 'Trigger', 'videoSdkAgentCloudTrigger', chosen, { webhookId: TRIGGER_ID }),
				pause(WORK_SECONDS, 'Work'),
				countingNode(setup, 'Done', "{{ $('Trigger').item.json.sessionId }}/{{ $execution.id }}"),
			]),
		);
		for (const { url: each } of setup.webhooks)
			await setup.n8n.rest.waitForWebhook(`${each}/webhook/${TRIGGER_ID}/webhook`);
	});

	/** The executions in n8n's database, in one of some states. n8n's own list may lack some. */
	async function executionsIn(...states: string[]): Promise<string[]> {
		const sql = `select id from execution_entity where status in ('${states.join("','")}')`;
		return (await setup.queue!.postgres.query(sql)).split('\n').filter(Boolean);
	}

	/** Waits until nothing is in progress. What n8n has lost from its queue it gives up when the main process starts again. */
	async function settle(): Promise<void> {
		const left = async () => (await executionsIn('new', 'running', 'waiting')).length;
		let fewest = Infinity;
		let fewerSinceMs = Date.now();
		while (Date.now() - fewerSinceMs < STUCK_AFTER_MS) {
			const count = await left();
			if (count === 0) return;
			if (count < fewest) [fewest, fewerSinceMs] = [count, Date.now()];
			await during(1_000);
		}
		await setup.n8n.restart();
		const isOver = async () => (await left()) === 0;
		await waitFor('n8n to give up what is not in its queue', isOver, 120_000, 1_000);
	}

	/** The executions that came to their end for each session, and when. */
	function doneFor(): Map<string, Map<string, number>> {
		const done = new Map<string, Map<string, number>>();
		for (const { path, receivedAtMs } of setup.simulator.requests) {
			const [, sessionId, id] = /^\/continued\/([^/]+)\/(\d+)$/.exec(path) ?? [];
			if (sessionId && id) done.set(sessionId, (done.get(sessionId) ?? new Map()).set(id, receivedAtMs));
		}
		return done;
	}

	/**
	 * Settles and asserts: what got the response 200 came to its end once, or n8n shows a failed execution for it. Two executions that
	 * begin at the same moment may both run, and those of an event whose worker was killed (docs/running-n8n.md): a worker records in
	 * n8n's database what it runs, and what it had just recorded, the other worker may overwrite.
	 *
	 * @param killedLog of a worker, until it was killed
	 */
	async function judge(sender: Sender, killedLog = ''): Promise<void> {
		await settle();
		const done = doneFor();
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
		const failed = await executionsIn('error', 'crashed', 'canceled', 'unknown');
		expect(missing.length).toBeLessThanOrEqual(failed.length);
		const toTheEnd = new Set([...done.values()].flatMap((executions) => [...executions.keys()]));
		const succeeded = await executionsIn('success');
		const stoppedInExecution = succeeded.filter((id) => !toTheEnd.has(id)).length;
		expect(sender.duplicates).toBeGreaterThan(1);
		expect(sender.stoppedInProcess + stoppedInExecution).toBeGreaterThan(0);
	}

	const isNightly = Boolean(process.env.NIGHTLY);
	const what = isNightly ? 'while a worker and a webhook process are killed' : 'under load';
	it(`nothing is lost and nothing doubled ${what}`, async () => {
		const sender = new Sender(setup);
		const [victim, webhook] = [setup.workers[0]!, setup.webhooks[1]!];
		let killedLog = '';
		await sender.during(async () => {
			await during(LOAD_MS);
			if (!isNightly) return;
			const isUnderWay = async () =>
				(await executionsIn('new', 'running')).some((id) => hasStarted(victim.logs, id));
			await waitFor('executions to be under way on the worker', isUnderWay, 90_000, 50);
			await victim.kill();
			killedLog = victim.logs;
			await victim.restart();
			await during(LOAD_MS);
			await webhook.kill();
			await during(4_000);
			await webhook.restart();
			await during(LOAD_MS);
		});
		await judge(sender, killedLog);
		// The other kill hit deliveries.
		if (isNightly) expect(sender.redeliveries).toBeGreaterThan(0);
	});

	it('the trigger is registered for calls once, also when the main process starts again, until it is unpublished', async () => {
		const { simulator, n8n } = setup;
		const registered = () =>
			[...simulator.callWebhooks.values()].flatMap(({ url, deletedAt }) => (deletedAt ? [] : [url]));
		const once = [`${setup.webhooksUrl}/webhook/${TRIGGER_ID}/webhook`];
		expect(registered()).toEqual(once);
		await n8n.kill();
		simulator.requests.length = 0;
		await n8n.restart();
		const isChecked = async () => simulator.requests.some(({ path }) => path.endsWith('/webhooks'));
		await waitFor('the check at the start', isChecked);
		expect(registered()).toEqual(once);
		await n8n.rest.deactivate(workflowId);
		await waitFor('the end of the registration', async () => registered().length === 0);
	});
});
