/**
 * Waits in queue mode while the main process, workers and webhook processes are killed at any moment. It takes fifteen minutes
 * for each n8n.
 */
import fc from 'fast-check';
import { waitFor, write } from '../../n8n/processes';
import { isFinal, outputOf } from '../../n8n/rest';
import { during, publish, untilPublished } from '../deliveries';
import { actionNode, BY_RULE, chain, n8nNode, SESSION, webhookNode } from '../nodes';
import { PATIENT, type Setup, setUpAll } from '../setup';

const WAITS = 40;
const START_INTERVAL_MS = 1_000;
const KILLS = 8;
const MAX_WAIT_MINUTES = 6;
/** An end from 5 s before Max Wait on is the end at Max Wait (conversation/nextStep.ts); n8n's wait begins later than the conversation. */
const END_BEFORE_MAX_WAIT_MS = 10_000;
/** n8n's own deadline: Max Wait, what is kept, and the work (waiting/budget.ts); and what a busy machine needs. */
const LONGEST_MS = (MAX_WAIT_MINUTES + 0.5) * 60_000 + 205_000 + 120_000;
const SEED = Number(process.env.MODEL_SEED ?? 20_260_115);

const waiting = {
	maxWait: MAX_WAIT_MINUTES,
	maxWaitUnit: 'minutes',
	recording: 'transcribe',
	metaData: { entries: [{ key: 'startId', value: '={{ $json.body.startId }}' }] },
};
const OPERATIONS = {
	sessions: {
		...SESSION,
		...waiting,
		operation: 'startAndWait',
		options: { endAtTimeout: true, includeWait: 0.5 },
	},
	calls: {
		...BY_RULE,
		...waiting,
		operation: 'makeAndWait',
		to: '={{ $json.body.to }}',
		options: { includeWait: 0.5 },
	},
};
const KINDS = Object.keys(OPERATIONS) as Array<keyof typeof OPERATIONS>;

/** The conversations that were started, and the executions that wait for them. */
function startedIn({ simulator }: Setup) {
	const sessions = [...simulator.sessions.values()].map(({ sessionId, metaData, webhook, start }) => ({
		id: sessionId,
		isCall: false,
		startId: metaData?.startId,
		webhook,
		start,
	}));
	const calls = [...simulator.calls.values()].map(({ callId, metadata, roomId, start }) => ({
		id: callId,
		isCall: true,
		startId: metadata.startId,
		webhook: simulator.rooms.get(roomId)?.webhook,
		start,
	}));
	return [...sessions, ...calls].map(({ startId, webhook, start, ...one }) => ({
		...one,
		startId: String(startId),
		startedAtMs: Date.parse(start),
		executionId: /\/webhook-waiting\/(\d+)/.exec(webhook?.endPoint ?? '')?.[1] ?? '',
	}));
}

/** Ends a conversation. @returns whether n8n has taken the event that tells it */
async function endOne({ simulator }: Setup, { id, isCall }: { id: string; isCall: boolean }) {
	if (!isCall) return (await simulator.emit(id, 'stopped'))?.status === 200;
	await simulator.moveCall(id, 'answered');
	const deliveries = await simulator.moveCall(id, 'ended');
	return deliveries.some(({ status }) => status === 200);
}

describe('n8n in queue mode', () => {
	const cluster = setUpAll({
		queue: { webhooks: 2, workers: 2 },
		// So slow that a kill hits starts that are under way.
		simulator: { lifecycle: false, callBehaviour: false, latencyMs: 80, ...PATIENT },
	});
	beforeAll(async () => {
		for (const kind of KINDS) {
			const wait = actionNode(cluster, 'Wait', OPERATIONS[kind]);
			await publish(cluster.n8n, chain(kind, [webhookNode(kind), wait, n8nNode('Done', 'noOp')]));
			for (const { url } of cluster.webhooks) await untilPublished(url, kind);
		}
	});

	it(`${WAITS} waits end once and in time, whatever process is killed`, async () => {
		const numbers = fc.sample(fc.noBias(fc.nat(999)), { seed: SEED, numRuns: 100 });
		const random = () => (numbers.pop() ?? 0) / 1_000;
		const { n8n, webhooks, workers, simulator, webhooksUrl } = cluster;
		const begin = async (index: number) => {
			await during(index * START_INTERVAL_MS);
			const kind = KINDS[index % KINDS.length] ?? 'calls';
			const body = { startId: `start-${index}`, to: `+1555000${4_000 + index}` };
			// Not sent again if there is no answer: it may have begun.
			await n8n.rest.triggerByWebhook(`${webhooksUrl}/webhook/${kind}`, body).catch(() => undefined);
		};
		const kill = async () => {
			const processes = [n8n, ...webhooks, ...workers];
			for (let kills = 0; kills < KILLS; kills++) {
				await during(random() * (WAITS / KILLS) * START_INTERVAL_MS);
				const victim = processes[Math.floor(random() * processes.length)] ?? n8n;
				await victim.kill();
				await during(random() * 2_000);
				await victim.restart();
			}
		};
		await Promise.all([...Array.from({ length: WAITS }, async (_, index) => await begin(index)), kill()]);
		await during(10_000);

		const started = startedIn(cluster);
		const startIds = started.map(({ startId }) => startId);
		expect(new Set(startIds).size).toBe(startIds.length);
		expect(started.length).toBeGreaterThan(WAITS / 2);
		const told = new Set<string>();
		for (const one of started) {
			const isInTime = Date.now() < one.startedAtMs + MAX_WAIT_MINUTES * 60_000 - END_BEFORE_MAX_WAIT_MS;
			if (isInTime && random() < 0.5 && (await endOne(cluster, one))) told.add(one.id);
		}
		expect(told.size).toBeGreaterThan(0);

		const open = ['waiting', 'running', 'new'];
		const areOver = async () => (await n8n.rest.listExecutions({ status: open })).length === 0;
		await waitFor('all runs to end', areOver, LONGEST_MS, 2_000);
		let continued = 0;
		for (const { id, isCall, executionId } of started) {
			const execution = await n8n.rest.getExecution(executionId);
			expect([id, execution && isFinal(execution)]).toEqual([id, true]);
			// Killed during the start: n8n tells it as crashed, and VideoSDK ends a call.
			if (isCall) expect(simulator.calls.get(id)?.maxCallDuration).toBeLessThanOrEqual(MAX_WAIT_MINUTES * 60);
			if (execution?.status !== 'success') continue;
			continued++;
			const output = outputOf(execution, 'Done');
			expect(output).toEqual([expect.objectContaining({ [isCall ? 'callId' : 'sessionId']: id })]);
			const [json = {}] = output;
			// Whatever process an event reached has done the rest.
			const outcome = expect.not.stringMatching('running') as string;
			if (told.has(id)) expect([id, json.timedOut, json.outcome]).toEqual([id, undefined, outcome]);
			else if (json.outcome === 'running') expect([id, json.timedOut]).toEqual([id, true]);
		}
		expect(continued).toBeGreaterThan(started.length / 2);
		write(`${started.length} of ${WAITS} started, ${told.size} told, ${continued} continued`);
	}, 1_200_000);
});
