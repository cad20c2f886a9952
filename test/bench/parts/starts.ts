import { untilQuiet } from '../lib/processTree';
import type { PartResult } from '../lib/results';
import { wallTarget } from '../lib/results';
import { interleave } from '../lib/rounds';
import type { StartsRun } from '../lib/starting';
import { publishAndCompare, StartRunner } from '../lib/starting';
import { summarize, summarizePairs } from '../lib/stats';
import type { Starter } from '../lib/workflows';
import type { BenchContext } from './context';

const ITEMS = 300;
const API_LATENCY_MS = 50;
const STARTERS = ['ours', 'HTTP Request node', 'one by one'] as const satisfies readonly Starter[];
/** One after another takes 20 s each time, and is far from any limit. */
const ROUNDS_ONE_BY_ONE = 2;
const LIMIT = 2 / 3;

/** 300 starts against an API that answers in 50 ms: our node, the same one by one, and n8n's HTTP Request node. */
export async function measureStarts(context: BenchContext): Promise<PartResult> {
	const host = await context.host();
	const runner = new StartRunner(host);
	await publishAndCompare(runner, [...STARTERS]);
	await context.simulator.setLatency(API_LATENCY_MS);
	// Of each way, one that does not count: connections and code are warm then.
	for (const starter of ['ours', 'HTTP Request node'] as const) await runner.run(starter, ITEMS);

	const runs = new Map<Starter, StartsRun[]>(STARTERS.map((starter) => [starter, []]));
	const cpu = new Map<Starter, number[]>(STARTERS.map((starter) => [starter, []]));
	const pids = [host.n8n.pid];
	await interleave(STARTERS, context.quick ? 3 : 15, async (starter, round) => {
		if (starter === 'one by one' && round >= (context.quick ? 1 : ROUNDS_ONE_BY_ONE)) return undefined;
		const cpuBefore = await untilQuiet(pids);
		const run = await runner.run(starter, ITEMS);
		cpu.get(starter)?.push((await untilQuiet(pids)) - cpuBefore);
		runs.get(starter)?.push(run);
		context.log(`${starter}: ${run.nodeMs} ms`);
		return run.nodeMs;
	});
	runner.close();
	await context.simulator.setLatency(0);

	const values = (starter: Starter, read: (run: StartsRun) => number): number[] =>
		(runs.get(starter) ?? []).map(read);
	const nodeMs = (starter: Starter): number[] => values(starter, (run) => run.nodeMs);
	const wallMs = (starter: Starter): number[] => values(starter, (run) => run.wallMs);
	const cpuMs = (starter: Starter): number[] => cpu.get(starter) ?? [];
	const ratio = summarizePairs(nodeMs('ours'), nodeMs('HTTP Request node'));
	const peer = (name: Starter, read: (starter: Starter) => number[]) => ({
		name: name === 'one by one' ? 'our node, maxConcurrency 1' : 'HTTP Request node 4.2',
		value: summarize(read(name)),
		ratio: summarizePairs(read('ours'), read(name)),
	});
	const busy = summarize(values('ours', (run) => (100 * run.simulatorCpuMs) / run.nodeMs));
	return {
		rows: [
			{
				what: `${ITEMS} starts, API answers in ${API_LATENCY_MS} ms: time of the node`,
				unit: 'ms',
				ours: summarize(nodeMs('ours')),
				peers: [peer('HTTP Request node', nodeMs), peer('one by one', nodeMs)],
				target: wallTarget('at most 0.67 of the HTTP Request node', LIMIT, ratio),
			},
			{
				what: `${ITEMS} starts: the whole run, from the call of its webhook to its answer`,
				unit: 'ms',
				ours: summarize(wallMs('ours')),
				peers: [peer('HTTP Request node', wallMs), peer('one by one', wallMs)],
			},
			{
				what: `${ITEMS} starts: CPU of n8n for the whole run`,
				unit: 'ms CPU',
				ours: summarize(cpuMs('ours')),
				peers: [peer('HTTP Request node', cpuMs), peer('one by one', cpuMs)],
			},
		],
		notes: [
			`The simulated API used ${busy.median.toFixed(0)} % of a CPU of its own while our node started ${ITEMS} sessions.`,
		],
	};
}
