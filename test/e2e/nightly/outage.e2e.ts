/** n8n or its database fails: what the sender of an event sees, and what becomes of the event when it is sent again. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { waitFor } from '../../n8n/processes';
import { type Execution, isFinal, isStored, outputOf } from '../../n8n/rest';
import { type Postgres, startPostgres } from '../../n8n/services';
import { during, eventBody, publishTrigger } from '../deliveries';
import { pause } from '../nodes';
import { setUp, type Setup } from '../setup';

const AFTER = 'After';
const SENDER_GIVES_UP_MS = 240_000;
/** So long an execution may take to end. */
const SETTLE_TIMEOUT_MS = 20_000;
/** After that an event is lost that has no execution. */
const LOST_AFTER_MS = 60_000;
const OUTAGE_MS = 6_000;
/** Longer than the sender waits for a response (10 s). */
const HANG_MS = 14_000;
/** So many events are on their way, come at once after it, and come during `OUTAGE_MS`. */
const GROUP = 10;

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
}

const DISTURBANCES: Record<string, Disturbance> = {
	'n8n restarts': { disturb: async ({ n8n }) => await n8n.restart() },
	'n8n is killed right after its response': {
		isSlow: true,
		async disturb({ n8n }) {
			await n8n.kill();
			await n8n.restart();
		},
	},
	'the database hangs': {
		needsPostgres: true,
		async disturb(_, postgres) {
			signalAll(postgres.pid, 'SIGSTOP');
			await during(HANG_MS);
			signalAll(postgres.pid, 'SIGCONT');
		},
	},
	'the database is away': {
		needsPostgres: true,
		async disturb(_, postgres) {
			await postgres.kill();
			await during(OUTAGE_MS);
			await postgres.restart();
		},
	},
};

describe('In a real n8n', () => {
	let setup: Setup;
	let postgres: Postgres | undefined;
	let url: string;
	let workflowId: string;
	/** The events to which n8n's own page said 200, as it does for every path for a moment while it starts. */
	const answeredByStartPage = new Set<string>();

	async function start({ needsPostgres, isSlow }: Partial<Disturbance> = {}): Promise<void> {
		if (needsPostgres) postgres = await startPostgres();
		setup = await setUp({ n8n: { env: postgres?.env }, simulator: { lifecycle: false } });
		({ url, workflowId } = await publishTrigger(setup, { between: isSlow ? [pause(1)] : [] }));
	}
	afterEach(async () => {
		await setup.stop();
		await postgres?.stop();
		postgres = undefined;
	});

	async function deliver(sessionId: string): Promise<number | undefined> {
		const { status, responseText } = await setup.simulator.deliver(url, eventBody(sessionId, 'started'));
		if (status === 200 && responseText?.includes('starting up')) answeredByStartPage.add(sessionId);
		return status;
	}

	/** Delivers an event again and again until the response is 200, as a patient sender does. */
	async function deliverUntilTaken(sessionId: string) {
		const isTaken = async () => (await deliver(sessionId)) === 200;
		await waitFor(`the event of ${sessionId} to be taken`, isTaken, SENDER_GIVES_UP_MS, 300);
	}

	async function executions(): Promise<Execution[]> {
		const { rest } = setup.n8n;
		const summaries = await rest.listExecutions({ workflowId });
		const whole = async ({ id }: { id: string }) => await rest.getExecution(id);
		return await Promise.all(
			summaries.map(async (summary) => (await whole(summary)) ?? (summary as Execution)),
		);
	}

	/**
	 * Whether the nodes after the trigger ran for an event. n8n hides for good what they gave out if it could not ask its database
	 * about the credential while it received the event; what the execution can be searched by still tells.
	 */
	function ranFor(sessionId: string, execution: Execution): boolean {
		const { metadata, runData } = execution.data?.resultData ?? {};
		if (runData?.[AFTER]?.at(-1)?.executionStatus !== 'success') return false;
		return metadata?.sessionId === sessionId || outputOf(execution, AFTER)[0]?.sessionId === sessionId;
	}

	/** Which of the events ran twice, and which did not run, once all executions are over and no more begin. */
	async function fatesOf(sessionIds: string[]) {
		const beganAtMs = Date.now();
		return await waitFor(
			'the executions',
			async () => {
				const all = await executions().catch(() => undefined);
				if (!all) return undefined;
				const ranIn = (id: string) => all.filter((execution) => ranFor(id, execution)).length;
				// n8n shows a failed execution for it.
				const isReported = (id: string) =>
					all.some(({ status, data }) => status !== 'success' && JSON.stringify(data ?? '').includes(id));
				const twice = sessionIds.filter((id) => ranIn(id) > 1);
				const lost = sessionIds.filter((id) => ranIn(id) === 0 && !isReported(id));
				const waitedMs = Date.now() - beganAtMs;
				const isOver = (one: Execution) => isFinal(one) && (one.status !== 'success' || isStored(one));
				const isSettled = waitedMs > SETTLE_TIMEOUT_MS || all.every(isOver);
				const areAllThere = waitedMs > LOST_AFTER_MS || lost.length === 0;
				return isSettled && areAllThere ? { twice, lost } : undefined;
			},
			LOST_AFTER_MS + SETTLE_TIMEOUT_MS,
			500,
		);
	}

	test.each(Object.entries(DISTURBANCES))(
		'%s: an event that is sent until it is taken runs once',
		async (_, disturbance) => {
			const { needsPostgres, disturb } = disturbance;
			await start(disturbance);
			const ids = Array.from({ length: 1 + 3 * GROUP }, () => randomUUID());
			const [earlier = '', ...others] = ids;
			await deliverUntilTaken(earlier);
			await fatesOf([earlier]);
			const senders: Array<Promise<unknown>> = others.slice(0, GROUP).map(deliverUntilTaken);
			// Killed after its response, n8n has taken all of these.
			if (!needsPostgres) await Promise.all(senders);
			else await during(100);
			const disturbed = disturb(setup, postgres as Postgres);
			senders.push(
				...others.slice(GROUP).map(async (sessionId, index) => {
					await during((Math.max(0, index - GROUP) * OUTAGE_MS) / GROUP);
					await deliverUntilTaken(sessionId);
				}),
			);
			// The same event as before, while n8n stops and starts.
			await Promise.all([disturbed, deliverUntilTaken(earlier), ...senders]);
			await setup.n8n.rest.waitForWebhook(url, 120_000);
			// No node can help what n8n itself answers while it starts.
			const taken = ids.filter((id) => !answeredByStartPage.has(id));
			expect(await fatesOf(taken)).toEqual({ twice: [], lost: [] });
			for (const sessionId of ids) await deliverUntilTaken(sessionId);
			await during(1_000);
			expect(await fatesOf(ids)).toEqual({ twice: [], lost: [] });
		},
	);
});
