import { newAgent, post } from '../lib/deliver';
import type { PartResult } from '../lib/results';
import { wallTarget } from '../lib/results';
import { interleave } from '../lib/rounds';
import type { StartsRun } from '../lib/starting';
import { publishAndCompare, StartRunner } from '../lib/starting';
import type { Summary } from '../lib/stats';
import { groupedMedian, quantile, summarize, summarizePairs } from '../lib/stats';
import type { BenchContext } from './context';

const STARTERS = ['ours', 'HTTP Request node'] as const;
type Compared = (typeof STARTERS)[number];
/** n8n stores whole milliseconds: the medians of groups of runs are compared. */
const GROUPS = 10;
const RUNS_IN_GROUP = 12;
const LIMIT_MS = 2;

/** What one start takes beyond the API's own time. */
export async function measureLatency(context: BenchContext): Promise<PartResult> {
	const runner = new StartRunner(await context.host());
	await publishAndCompare(runner, [...STARTERS]);
	const apiMs = await measureApi(context);
	for (let index = 0; index < 10; index++) for (const starter of STARTERS) await runner.run(starter, 1);

	const groups = context.quick ? 3 : GROUPS;
	const runs: Record<Compared, StartsRun[][]> = { ours: [], 'HTTP Request node': [] };
	for (let group = 0; group < groups; group++) {
		for (const starter of STARTERS) runs[starter].push([]);
		await interleave(STARTERS, RUNS_IN_GROUP, async (starter) => {
			const run = await runner.run(starter, 1);
			runs[starter][group]?.push(run);
			return undefined;
		});
	}
	runner.close();
	const node = (starter: Compared): number[] =>
		runs[starter].map((group) => groupedMedian(group.map(({ nodeMs }) => nodeMs)) - apiMs.median);
	const whole = (starter: Compared): number[] =>
		runs[starter].map((group) =>
			quantile(
				group.map(({ wallMs }) => wallMs),
				0.5,
			),
		);
	const difference = (values: (starter: Compared) => number[]): Summary =>
		summarizePairs(values('ours'), values('HTTP Request node'), (ours, theirs) => ours - theirs);
	const peer = (values: (starter: Compared) => number[]) => ({
		name: 'HTTP Request node 4.2',
		value: summarize(values('HTTP Request node')),
	});
	return {
		rows: [
			{
				what: "One start: p50 of the node's time beyond the API's own",
				unit: 'ms',
				ours: summarize(node('ours')),
				peers: [peer(node)],
				target: wallTarget('under 2 ms more than the HTTP Request node', LIMIT_MS, difference(node)),
				note: `difference ${difference(node).median.toFixed(2)} ms`,
			},
			{
				what: 'One start: p50 of the whole run, from the call of its webhook to its answer',
				unit: 'ms',
				ours: summarize(whole('ours')),
				peers: [peer(whole)],
				note: `difference ${difference(whole).median.toFixed(2)} ms`,
			},
		],
		plots: [],
		notes: [`The simulated API itself answers in ${apiMs.median.toFixed(2)} ms (p50, kept connection).`],
	};
}

/** The API's own time: the same request, without n8n. The token is not judged in a shorter time than it is accepted in. */
async function measureApi({ simulator }: BenchContext): Promise<Summary> {
	const agent = newAgent(1);
	const times: number[] = [];
	for (let index = 0; index < 200; index++) {
		const { ms } = await post(`${simulator.url}/ai/v1/ai-deployment-sessions/start`, '{}', {}, agent);
		times.push(ms);
	}
	agent.destroy();
	return summarize(times);
}
