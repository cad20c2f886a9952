import { isDeepStrictEqual } from 'node:util';
import { PlainError } from '../../n8n/processes';
import { newAgent, post } from '../lib/deliver';
import type { Host } from '../lib/host';
import { untilQuiet } from '../lib/processTree';
import { peerOf, wallTarget, type PartResult, type Row } from '../lib/results';
import { interleave } from '../lib/rounds';
import { summarize } from '../lib/stats';
import { startsWorkflow, TESTED_NODE, type Starter } from '../lib/workflows';
import type { BenchContext } from './context';

const ITEMS = 300;
const API_LATENCY_MS = 50;
const STARTERS = ['ours', 'HTTP Request node', 'one by one'] as const satisfies readonly Starter[];
/** One after another takes 20 s each time, and is far from any limit. */
const ROUNDS_ONE_BY_ONE = 2;
const LIMIT = 2 / 3;

/** What one run that starts sessions took. */
interface StartsRun {
	/** The time of the node alone, as n8n stores it with the run. */
	nodeMs: number;
	/** From the call of the workflow's webhook to the answer of its last node. */
	wallMs: number;
	/** Of n8n. */
	cpuMs: number;
	simulatorCpuMs: number;
	/** The first that the API saw. */
	body: unknown;
}

/** Publishes a workflow that starts sessions. @returns runs it once, without reading the run again while it runs */
async function runnerOf(host: Host, starter: Starter): Promise<(count: number) => Promise<StartsRun>> {
	const path = `starts-${starter.replaceAll(' ', '-')}`;
	const workflowId = await host.publish(startsWorkflow(host, path, starter), path);
	const pids = [host.n8n.pid];
	const agent = newAgent(1);
	let lastRun: string | undefined;
	return async (count) => {
		const cpuBefore = await untilQuiet(pids);
		await host.simulator.take();
		const headers = { connection: 'close' };
		const answer = await post(host.webhookUrl(path), JSON.stringify({ count }), headers, agent);
		if (answer.status !== 200) throw new PlainError(`n8n answered ${answer.status}: ${answer.text}`);
		const taken = await host.simulator.take();
		const cpuMs = (await untilQuiet(pids)) - cpuBefore;
		const run = await host.latestRun(workflowId, lastRun);
		lastRun = run.id;
		const nodeRun = run.data.resultData.runData[TESTED_NODE]?.[0];
		const started = nodeRun?.data?.main?.[0]?.length;
		if (run.status !== 'success' || started !== count || taken.starts !== count) {
			throw new PlainError(
				`"${starter}" was to start ${count} sessions: the run ended with ${run.status}, put out ${started} and made ${taken.starts} requests.`,
			);
		}
		return {
			nodeMs: nodeRun?.executionTime ?? NaN,
			wallMs: answer.ms,
			cpuMs,
			simulatorCpuMs: taken.cpuMs,
			body: JSON.parse(taken.firstBody ?? 'null'),
		};
	};
}

/** 300 starts against an API that answers in 50 ms: our node, the same one by one, and n8n's HTTP Request node. */
export async function measureStarts(context: BenchContext): Promise<PartResult> {
	const host = await context.host();
	const runners = {} as Record<Starter, (count: number) => Promise<StartsRun>>;
	const bodies: unknown[] = [];
	for (const starter of STARTERS) {
		runners[starter] = await runnerOf(host, starter);
		bodies.push((await runners[starter](1)).body);
	}
	if (!bodies.every((body) => isDeepStrictEqual(body, bodies[0]))) {
		throw new PlainError(`The ways to start a session do not send the same: ${JSON.stringify(bodies)}`);
	}
	await context.simulator.setLatency(API_LATENCY_MS);
	// Of each way, one that does not count: connections and code are warm then.
	for (const starter of ['ours', 'HTTP Request node'] as const) await runners[starter](ITEMS);

	const runs: Record<Starter, StartsRun[]> = { ours: [], 'HTTP Request node': [], 'one by one': [] };
	await interleave(STARTERS, context.quick ? 3 : 15, async (starter, round) => {
		if (starter === 'one by one' && round >= (context.quick ? 1 : ROUNDS_ONE_BY_ONE)) return undefined;
		const run = await runners[starter](ITEMS);
		runs[starter].push(run);
		context.log(`${starter}: ${run.nodeMs} ms`);
		return run.nodeMs;
	});
	await context.simulator.setLatency(0);

	const row = (what: string, unit: string, read: (run: StartsRun) => number) => {
		const ours = runs.ours.map(read);
		const http = peerOf('HTTP Request node 4.2', ours, runs['HTTP Request node'].map(read));
		const oneByOne = peerOf('our node, maxConcurrency 1', ours, runs['one by one'].map(read));
		return { what, unit, ours: summarize(ours), peers: [http, oneByOne] as const };
	};
	const ofNode = row(
		`${ITEMS} starts, API answers in ${API_LATENCY_MS} ms: time of the node`,
		'ms',
		({ nodeMs }) => nodeMs,
	);
	const rows: Row[] = [
		{
			...ofNode,
			target: wallTarget('at most 0.67 of the HTTP Request node', LIMIT, ofNode.peers[0].ratio),
		},
		row(
			`${ITEMS} starts: the whole run, from the call of its webhook to its answer`,
			'ms',
			({ wallMs }) => wallMs,
		),
		row(`${ITEMS} starts: CPU of n8n for the whole run`, 'ms CPU', ({ cpuMs }) => cpuMs),
	];
	const busy = summarize(runs.ours.map((run) => (100 * run.simulatorCpuMs) / run.nodeMs));
	return {
		rows,
		notes: [
			`The simulated API used ${busy.median.toFixed(0)} % of a CPU of its own while our node started ${ITEMS} sessions.`,
		],
	};
}
