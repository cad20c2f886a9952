/** n8n or its database fails: what the sender of an event sees, and what becomes of the event when it is sent again. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { withoutStoringRuns } from '../../n8n/database';
import { waitFor } from '../../n8n/processes';
import type { Execution } from '../../n8n/rest';
import { isFinal, isStored, outputOf, RestError } from '../../n8n/rest';
import { type Postgres, startPostgres } from '../../n8n/services';
import { during, eventBody, n8nOptions, publishTrigger, VERSIONS } from '../deliveries';
import { n8nNode, type Setup, setUp } from '../setup';

const AFTER = 'After';
const RETRY_PAUSE_MS = 300;
const SENDER_GIVES_UP_MS = 240_000;
/** After a crash n8n 1.x may leave some executions as "running" for ever. */
const SETTLE_TIMEOUT_MS = 20_000;
/** After that an event is lost that has no execution. */
const LOST_AFTER_MS = 60_000;
const OUTAGE_MS = 6_000;
/** Longer than the sender waits for a response (10 s). */
const HANG_MS = 14_000;

/** Signals a process and its children. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
	for (const each of [pid, ...children.map(Number)]) {
		try {
			process.kill(each, signal);
		} catch {
			// It has ended meanwhile.
		}
	}
}

interface Disturbance {
	needsPostgres?: boolean;
	/** Executions take a second, so that some are half way through. */
	isSlow?: boolean;
	disturb(setup: Setup, postgres: Postgres): Promise<void>;
	/** Events that are on their way then, that come at once after it, and that come during `OUTAGE_MS`. */
	before: number;
	atOnce: number;
	later: number;
}

const DISTURBANCES: Record<string, Disturbance> = {
	'n8n restarts': {
		disturb: async ({ n8n }) => await n8n.restart(),
		...{ before: 0, atOnce: 2, later: 12 },
	},
	'n8n is killed right after its response': {
		isSlow: true,
		async disturb({ n8n }) {
			await n8n.kill();
			await n8n.restart();
		},
		...{ before: 20, atOnce: 2, later: 8 },
	},
	'the database hangs': {
		needsPostgres: true,
		async disturb(_, postgres) {
			signalAll(postgres.pid, 'SIGSTOP');
			await during(HANG_MS);
			signalAll(postgres.pid, 'SIGCONT');
		},
		...{ before: 0, atOnce: 20, later: 0 },
	},
	'the database is away': {
		needsPostgres: true,
		async disturb(_, postgres) {
			await postgres.kill();
			await during(OUTAGE_MS);
			await postgres.restart();
		},
		...{ before: 10, atOnce: 10, later: 10 },
	},
};

describe.each(VERSIONS)('n8n %s', (version) => {
	let setup: Setup;
	let postgres: Postgres | undefined;
	let url: string;
	let workflowId: string;
	/** The events to which n8n's own page said 200, as it does for every path for a moment while it starts. */
	const answeredByStartPage = new Set<string>();

	async function start({ needsPostgres, isSlow }: Partial<Disturbance> = {}): Promise<void> {
		if (needsPostgres) postgres = await startPostgres();
		setup = await setUp({ n8n: n8nOptions(version, postgres?.env), simulator: { lifecycle: false } });
		const pause = n8nNode('Pause', 'wait', { resume: 'timeInterval', amount: 1, unit: 'seconds' }, 1.1);
		({ url, workflowId } = await publishTrigger(setup, {
			webhookId: randomUUID(),
			between: isSlow ? [pause] : [],
		}));
	}
	afterEach(async () => {
		await setup.stop();
		await postgres?.stop();
		postgres = undefined;
	});

	/** Delivers an event once. @returns the status */
	async function deliver(sessionId: string): Promise<number | undefined> {
		const { status, responseText } = await setup.simulator.deliver(url, eventBody(sessionId, 'started'));
		if (status === 200 && responseText?.includes('starting up')) answeredByStartPage.add(sessionId);
		return status;
	}

	/** Delivers an event again and again until the response is 200, as a patient sender does. */
	const deliverUntilTaken = async (sessionId: string) =>
		await waitFor(
			`the event of ${sessionId} to be taken`,
			async () => (await deliver(sessionId)) === 200 || undefined,
			SENDER_GIVES_UP_MS,
			RETRY_PAUSE_MS,
		);

	/** n8n 1.x stores an execution and its data one after the other. Killed in between it answers 500 when asked for that one. */
	async function executions(): Promise<Execution[]> {
		const { rest } = setup.n8n;
		const all = (await rest.listExecutions({ workflowId })).map(async (summary) => {
			try {
				return await rest.getExecution(summary.id);
			} catch (error) {
				if (error instanceof RestError && error.status === 500) return { ...summary, data: undefined };
				throw error;
			}
		});
		return (await Promise.all(all)).filter((execution) => execution !== undefined) as Execution[];
	}

	/**
	 * Whether the nodes after the trigger ran for an event. n8n 2.x hides for good what they gave out if it could not ask its database
	 * about the credential while it received the event; what the execution can be searched by still tells.
	 */
	function ranFor(sessionId: string, execution: Execution): boolean {
		const { metadata, runData } = execution.data?.resultData ?? {};
		if (runData?.[AFTER]?.at(-1)?.executionStatus !== 'success') return false;
		return metadata?.sessionId === sessionId || outputOf(execution, AFTER)[0]?.sessionId === sessionId;
	}

	/** What became of events, once all executions are over and, unless it may be lost, each event has one or will have none. */
	async function fatesOf(
		sessionIds: string[],
		mayLose = false,
	): Promise<Record<'twice' | 'reported' | 'lost', string[]>> {
		const beganAtMs = Date.now();
		return await waitFor(
			'the executions',
			async () => {
				const all = await executions().catch(() => undefined);
				if (!all) return undefined;
				const count = (id: string) => all.filter((execution) => ranFor(id, execution)).length;
				const isReported = (id: string) =>
					all.some(({ status, data }) => status !== 'success' && JSON.stringify(data ?? '').includes(id));
				const missing = sessionIds.filter((id) => count(id) === 0);
				const fates = {
					twice: sessionIds.filter((id) => count(id) > 1),
					reported: missing.filter(isReported),
					lost: missing.filter((id) => !isReported(id)),
				};
				const waitedMs = Date.now() - beganAtMs;
				const isOver = (one: Execution) => isFinal(one) && (one.status !== 'success' || isStored(one));
				const isSettled = waitedMs > SETTLE_TIMEOUT_MS || all.every(isOver);
				return isSettled && (mayLose || waitedMs > LOST_AFTER_MS || fates.lost.length === 0)
					? fates
					: undefined;
			},
			LOST_AFTER_MS + SETTLE_TIMEOUT_MS,
			500,
		);
	}

	test.each(Object.entries(DISTURBANCES))(
		'%s: an event that is sent until it is taken runs once',
		async (_, disturbance) => {
			const { needsPostgres, isSlow, disturb, before, atOnce, later } = disturbance;
			await start(disturbance);
			const ids = Array.from({ length: 1 + before + atOnce + later }, () => randomUUID());
			const [earlier = '', ...others] = ids;
			await deliverUntilTaken(earlier);
			await fatesOf([earlier]);
			const senders: Array<Promise<unknown>> = others.slice(0, before).map(deliverUntilTaken);
			// Killed after its response, n8n has taken all of these.
			if (!needsPostgres) await Promise.all(senders);
			else await during(100);
			const disturbed = disturb(setup, postgres as Postgres);
			senders.push(
				...others.slice(before).map(async (sessionId, index) => {
					if (index >= atOnce) await during(((index - atOnce) * OUTAGE_MS) / later);
					await deliverUntilTaken(sessionId);
				}),
			);
			// The same event as before, while n8n stops and starts.
			await Promise.all([disturbed, deliverUntilTaken(earlier), ...senders]);
			await setup.n8n.rest.waitForWebhook(url, 120_000);
			// n8n 1.x answers before it stores the execution, and so may lose it. After a kill it takes that event again.
			const isOlder = version === '1.123.81';
			const mayLose = isOlder && (needsPostgres || isSlow);
			const mayLoseForGood = isOlder && needsPostgres;
			// No node can help what n8n itself answers while it starts.
			const taken = ids.filter((id) => !answeredByStartPage.has(id));
			const fates = await fatesOf(taken, mayLose);
			expect(fates.twice).toEqual([]);
			if (!mayLose) expect(fates.lost).toEqual([]);
			if (!needsPostgres && !isSlow) expect(fates.reported).toEqual([]);

			for (const sessionId of ids) await deliverUntilTaken(sessionId);
			await during(1_000);
			const again = await fatesOf(ids, mayLoseForGood);
			expect(again.twice).toEqual([]);
			if (!mayLoseForGood) expect(again.lost).toEqual([]);
		},
	);

	test('an event whose execution n8n could not store is taken when it comes again, and runs once', async () => {
		await start();
		const sessionId = randomUUID();
		const refused = await withoutStoringRuns(setup.n8n, async () => {
			const first = await deliver(sessionId);
			const together = await Promise.all(Array.from({ length: 3 }, async () => await deliver(sessionId)));
			// n8n 1.x tries to store an execution after its response, but before it responds to what is asked later.
			await setup.n8n.rest.listExecutions();
			return [first, ...together];
		});
		expect(await executions()).toEqual([]);
		if (version === '1.123.81') {
			// The sender was told that all is well, and nothing in the package can change that.
			expect(new Set(refused)).toEqual(new Set([200]));
			return;
		}
		for (const status of refused) expect(status).toBeGreaterThanOrEqual(500);
		const again = await Promise.all(Array.from({ length: 10 }, async () => await deliver(sessionId)));
		expect(again).toEqual(Array(10).fill(200));
		expect(await fatesOf([sessionId])).toEqual({ twice: [], reported: [], lost: [] });
		expect(await executions()).toHaveLength(1);
	});
});
