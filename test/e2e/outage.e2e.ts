/** n8n or its database fails: what the sender of an event sees, and what becomes of the event when it is sent again. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../n8n/processes';
import type { Execution, WorkflowNode } from '../n8n/rest';
import { isFinal, isStored, outputOf, RestError } from '../n8n/rest';
import type { Service } from '../n8n/services';
import { startPostgres } from '../n8n/services';
import { withoutStoringRuns } from './database';
import { eventBody, n8nOptions, publishTrigger, VERSIONS } from './deliveries';
import type { Setup } from './setup';
import { n8nNode, setUp } from './setup';

const AFTER = 'After';
const RETRY_PAUSE_MS = 300;
const SENDER_GIVES_UP_MS = 240_000;
const WEBHOOK_TIMEOUT_MS = 120_000;
const SETTLE_TIMEOUT_MS = 20_000;
/** After that an event is lost that has no run. */
const LOST_AFTER_MS = 60_000;
const KILLED_EVENTS = 30;
const OUTAGE_MS = 6_000;
/** Longer than the sender waits for an answer (10 s). */
const HANG_MS = 14_000;

/** A published workflow, and the sender of its events. */
class Receiver {
	/** The events to which n8n's own page said 200, as it does for a moment while it starts. */
	readonly answeredByStartPage = new Set<string>();
	private lastAnswer = '';

	private constructor(
		private readonly setup: Setup,
		readonly url: string,
		readonly workflowId: string,
	) {}

	static async publish(setup: Setup, between: WorkflowNode[] = []): Promise<Receiver> {
		const { url, workflowId } = await publishTrigger(setup, { webhookId: randomUUID(), between });
		return new Receiver(setup, url, workflowId);
	}

	/** Delivers an event once. @returns the status */
	async deliver(sessionId: string): Promise<number | undefined> {
		const { status, responseText } = await this.setup.simulator.deliver(
			this.url,
			eventBody(sessionId, 'started'),
		);
		if (status === 200 && responseText?.includes('starting up')) this.answeredByStartPage.add(sessionId);
		this.lastAnswer = `${status ?? 'none'} ${responseText ?? ''}`;
		return status;
	}

	/** Delivers an event again and again until it is answered 200, as a patient sender does. */
	async deliverUntilTaken(sessionId: string): Promise<void> {
		await waitFor(
			'an event to be taken',
			async () => ((await this.deliver(sessionId)) === 200 ? true : undefined),
			SENDER_GIVES_UP_MS,
			RETRY_PAUSE_MS,
		).catch((error: Error) => {
			const log = this.setup.n8n.logs.slice(-5_000);
			throw new Error(`${error.message} n8n's last answer: ${this.lastAnswer}\n${log}`);
		});
	}

	/**
	 * All runs, when none is in progress any more, or seems so: after a crash n8n 1.x may leave some as "running" for ever.
	 *
	 * @param sessionIds events that none of these runs may lack: n8n 1.x answers before it stores a run
	 */
	async settledRuns(sessionIds: string[] = []): Promise<Execution[]> {
		const beganAtMs = Date.now();
		return await waitFor(
			'the runs',
			async () => {
				const runs = await this.allRuns().catch(() => undefined);
				if (runs === undefined) return undefined;
				const waitedMs = Date.now() - beganAtMs;
				const areOver = waitedMs > SETTLE_TIMEOUT_MS || runs.every(isOver);
				const areAll = waitedMs > LOST_AFTER_MS || fatesOf(sessionIds, runs).lost.length === 0;
				return areOver && areAll ? runs : undefined;
			},
			LOST_AFTER_MS + SETTLE_TIMEOUT_MS,
			500,
		);
	}

	/**
	 * n8n 1.x stores a run and its data one after the other. Killed in between it leaves a run without data, and answers 500 when
	 * asked for that one.
	 */
	private async allRuns(): Promise<Execution[]> {
		const { rest } = this.setup.n8n;
		const summaries = await rest.listExecutions({ workflowId: this.workflowId });
		const runs = summaries.map(async (summary) => {
			try {
				return await rest.getExecution(summary.id);
			} catch (error) {
				if (error instanceof RestError && error.status === 500) return { ...summary, data: undefined };
				throw error;
			}
		});
		return (await Promise.all(runs)).filter((run) => run !== undefined) as Execution[];
	}
}

/** Whether a run has come to its end. n8n 1.x stores that it succeeded a moment before what its nodes put out. */
const isOver = (run: Execution): boolean => isFinal(run) && (run.status !== 'success' || isStored(run));

/** What became of each event. */
interface Fates {
	/** The nodes after the trigger ran once. */
	once: string[];
	twice: string[];
	/** They did not run to their end, and n8n shows a failed run. */
	reported: string[];
	lost: string[];
}

/**
 * Whether the nodes after the trigger ran for an event. n8n 2.x hides for good what they put out if it could not ask its database about
 * the credential while it received the event; by what the run can be searched by it is still known.
 */
function ranFor(sessionId: string, run: Execution): boolean {
	const { metadata, runData } = run.data?.resultData ?? {};
	if (runData?.[AFTER]?.at(-1)?.executionStatus !== 'success') return false;
	return metadata?.sessionId === sessionId || outputOf(run, AFTER)[0]?.sessionId === sessionId;
}

function fatesOf(sessionIds: string[], runs: Execution[]): Fates {
	const fates: Fates = { once: [], twice: [], reported: [], lost: [] };
	for (const sessionId of sessionIds) {
		const count = runs.filter((run) => ranFor(sessionId, run)).length;
		const isReported = runs.some(
			({ status, data }) => status !== 'success' && JSON.stringify(data ?? '').includes(sessionId),
		);
		const fate = count > 1 ? 'twice' : count === 1 ? 'once' : isReported ? 'reported' : 'lost';
		fates[fate].push(sessionId);
	}
	return fates;
}

/** Signals a process and its children. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
	process.kill(pid, signal);
	for (const child of children) {
		try {
			process.kill(Number(child), signal);
		} catch {
			// It has ended meanwhile.
		}
	}
}

const newIds = (count: number) => Array.from({ length: count }, () => randomUUID());

describe.each(VERSIONS)('n8n %s', (version) => {
	let setup: Setup;
	let postgres: Service | undefined;

	const start = async (env: Record<string, string> = {}) => {
		setup = await setUp({ n8n: n8nOptions(version, env), simulator: { lifecycle: false } });
	};

	afterEach(async () => {
		await setup.stop();
		await postgres?.stop();
		postgres = undefined;
	});

	test('redelivery across a restart, and while n8n is away and starting', async () => {
		await start();
		const receiver = await Receiver.publish(setup);
		const [earlier = '', ...during] = newIds(13);
		await receiver.deliverUntilTaken(earlier);
		await receiver.settledRuns();

		// The same event again, while n8n stops and starts; and others, one a second later than the other.
		const restarted = setup.n8n.restart();
		const senders = [earlier, ...during].map(async (sessionId, index) => {
			await sleep(index * 1_000);
			await receiver.deliverUntilTaken(sessionId);
		});
		await Promise.all([restarted, ...senders]);
		await sleep(1_000);
		// For a moment n8n itself answers every path with 200 and that it is starting: no node can help that.
		const isTaken = (sessionId: string) => !receiver.answeredByStartPage.has(sessionId);
		const runs = await receiver.settledRuns([earlier, ...during].filter(isTaken));
		const fates = fatesOf([earlier, ...during], runs);
		expect(fates.twice).toEqual([]);
		expect(fates.reported).toEqual([]);
		expect(fates.lost.filter(isTaken)).toEqual([]);

		// And once more when n8n is up again: each has now run once, the earlier one too.
		for (const sessionId of [earlier, ...during]) await receiver.deliverUntilTaken(sessionId);
		await sleep(1_000);
		const again = fatesOf([earlier, ...during], await receiver.settledRuns([earlier, ...during]));
		expect(again.twice).toEqual([]);
		expect(again.once).toHaveLength(during.length + 1);
	});

	test('killed with -9 right after answering 200', async () => {
		await start();
		// Some runs are half way through when n8n is killed.
		const receiver = await Receiver.publish(setup, [
			n8nNode('Wait', 'wait', { resume: 'timeInterval', amount: 1, unit: 'seconds' }, 1.1),
		]);
		const ids = newIds(KILLED_EVENTS);
		await Promise.all(ids.map(async (sessionId) => await receiver.deliverUntilTaken(sessionId)));
		await setup.n8n.kill();
		await setup.n8n.restart();
		await setup.n8n.rest.waitForWebhook(receiver.url, WEBHOOK_TIMEOUT_MS);
		expect(fatesOf(ids, await receiver.settledRuns()).twice).toEqual([]);

		for (const sessionId of ids) await receiver.deliverUntilTaken(sessionId);
		await sleep(3_000);
		const fates = fatesOf(ids, await receiver.settledRuns(ids));
		expect(fates.twice).toEqual([]);
		expect(fates.lost).toEqual([]);
	});

	test('an event whose run n8n could not store is taken when it comes again, and runs once', async () => {
		await start();
		const receiver = await Receiver.publish(setup);
		const [sessionId = ''] = newIds(1);
		const deliver = async () => await receiver.deliver(sessionId);
		const refused = await withoutStoringRuns(setup.n8n, async () => {
			const first = await deliver();
			const together = await Promise.all([deliver(), deliver(), deliver()]);
			// n8n 1.x tries to store a run after its answer, but before it answers what is asked later.
			await setup.n8n.rest.listExecutions();
			return [first, ...together];
		});
		expect(await receiver.settledRuns()).toEqual([]);
		if (version === '1.123.81') {
			// The sender was told that all is well, and nothing in the package can change that.
			expect(new Set(refused)).toEqual(new Set([200]));
			return;
		}
		for (const status of refused) expect(status).toBeGreaterThanOrEqual(500);
		const deliveries = await Promise.all(Array.from({ length: 10 }, deliver));
		expect(deliveries).toEqual(Array(10).fill(200));
		await sleep(1_000);
		const runs = await receiver.settledRuns([sessionId]);
		expect(runs).toHaveLength(1);
		expect(fatesOf([sessionId], runs).once).toEqual([sessionId]);
	});

	test('the database hangs: the sender gives up waiting, and sends again', async () => {
		postgres = await startPostgres();
		await start(postgres.env);
		const receiver = await Receiver.publish(setup);
		const [earlier = '', ...ids] = newIds(21);
		await receiver.deliverUntilTaken(earlier);
		await receiver.settledRuns();

		signalAll(postgres.pid, 'SIGSTOP');
		const senders = ids.map(async (sessionId) => await receiver.deliverUntilTaken(sessionId));
		await sleep(HANG_MS);
		signalAll(postgres.pid, 'SIGCONT');
		await Promise.all(senders);
		await sleep(3_000);
		const fates = fatesOf(ids, await receiver.settledRuns(ids));
		expect(fates.lost).toEqual([]);
		expect(fates.twice).toEqual([]);
	});

	test('the database away at delivery', async () => {
		postgres = await startPostgres();
		await start(postgres.env);
		const receiver = await Receiver.publish(setup);
		const [earlier = '', ...ids] = newIds(31);
		await receiver.deliverUntilTaken(earlier);
		await receiver.settledRuns();

		const atOnce = ids.slice(0, 10);
		const beforeKill = ids.slice(10, 20);
		const later = ids.slice(20);
		// Some are on their way when the database goes, some come right after, some while it is away.
		const senders = beforeKill.map(async (sessionId) => await receiver.deliverUntilTaken(sessionId));
		await sleep(100);
		await postgres.kill();
		senders.push(...atOnce.map(async (sessionId) => await receiver.deliverUntilTaken(sessionId)));
		senders.push(
			...later.map(async (sessionId, index) => {
				await sleep((index * OUTAGE_MS) / later.length);
				await receiver.deliverUntilTaken(sessionId);
			}),
		);
		await sleep(OUTAGE_MS);
		await postgres.restart();
		await Promise.all(senders);
		await sleep(2_000);
		// n8n 1.x answers before it stores the run, and so may lose it.
		const fates = fatesOf(ids, await receiver.settledRuns(version === '2.41.1' ? ids : []));
		expect(fates.twice).toEqual([]);
		if (version === '2.41.1') expect(fates.lost).toEqual([]);
	});
});
