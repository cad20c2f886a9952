import type { PartResult, Row } from '../lib/results';
import { target } from '../lib/results';
import { peakResidentMb, residentMb } from '../lib/processTree';
import { publishAndCompare, StartRunner } from '../lib/starting';
import { summarize, summarizePairs } from '../lib/stats';
import type { BenchContext } from './context';

const API_LATENCY_MS = 5;
const STARTERS = ['ours', 'HTTP Request node'] as const;
type Compared = (typeof STARTERS)[number];
/** One request for each session that is started. */
const REQUESTS_PER_SESSION = 1;

interface Size {
	items: number;
	rounds: number;
	/** Each run in an n8n of its own, since Node.js keeps the memory that the run before needed. */
	isFresh?: boolean;
}

const SIZES: Size[] = [
	{ items: 1, rounds: 9 },
	{ items: 10, rounds: 9 },
	{ items: 100, rounds: 7 },
	{ items: 1_000, rounds: 3 },
	{ items: 10_000, rounds: 3, isFresh: true },
];

/** How time and memory grow with the number of items. */
export async function measureScaling(context: BenchContext): Promise<PartResult> {
	const host = await context.host();
	const runner = new StartRunner(host);
	await publishAndCompare(runner, [...STARTERS]);
	await context.simulator.setLatency(API_LATENCY_MS);
	const rows: Row[] = [];
	const lines: Record<Compared, Array<[number, number]>> = { ours: [], 'HTTP Request node': [] };
	const memory: Record<Compared, Array<[number, number]>> = { ours: [], 'HTTP Request node': [] };
	const requests: number[] = [];

	for (const { items, rounds, isFresh } of context.quick ? SIZES.slice(0, 4) : SIZES) {
		const ms: Record<Compared, number[]> = { ours: [], 'HTTP Request node': [] };
		const grownMb: Record<Compared, number[]> = { ours: [], 'HTTP Request node': [] };
		for (let round = 0; round < (context.quick ? 1 : rounds); round++) {
			for (const starter of STARTERS) {
				if (isFresh) await runner.restart();
				const before = residentMb(host.n8n.pid);
				const [run, peak] = await peakResidentMb(host.n8n.pid, async () => await runner.run(starter, items));
				ms[starter].push(run.nodeMs);
				grownMb[starter].push(peak - before);
				if (starter === 'ours') requests.push(run.requests / items);
				context.log(`${starter}, ${items} items: ${run.nodeMs} ms, memory +${(peak - before).toFixed(0)} MB`);
			}
		}
		for (const starter of STARTERS) {
			lines[starter].push([items, Math.max(1, summarize(ms[starter]).median)]);
			memory[starter].push([items, Math.max(0.1, summarize(grownMb[starter]).median)]);
		}
		const row = (what: string, unit: string, values: Record<Compared, number[]>, isRatio: boolean): Row => ({
			what: `${items} ${items === 1 ? 'start' : 'starts'}, API answers in ${API_LATENCY_MS} ms: ${what}`,
			unit,
			ours: summarize(values.ours),
			peers: [
				{
					name: 'HTTP Request node 4.2',
					value: summarize(values['HTTP Request node']),
					ratio: isRatio ? summarizePairs(values.ours, values['HTTP Request node']) : undefined,
				},
			],
		});
		rows.push(row('time of the node', 'ms', ms, true));
		if (isFresh) rows.push(row('memory of n8n above its start', 'MB', grownMb, false));
	}
	runner.close();
	await context.simulator.setLatency(0);
	rows.push({
		what: 'API requests for each session started, over all these runs',
		unit: 'requests',
		ours: summarize(requests),
		target: target('exactly 1', REQUESTS_PER_SESSION, summarize(requests)),
	});
	const series = (points: Record<Compared, Array<[number, number]>>) => [
		{ label: "n8n's HTTP Request node", points: points['HTTP Request node'] },
		{ label: 'Our node', points: points.ours, isOurs: true },
	];
	return {
		rows,
		plots: [
			{
				file: 'scaling.svg',
				title: `Starts in one run, API answers in ${API_LATENCY_MS} ms`,
				kind: 'lines',
				xTitle: 'items',
				yTitle: 'ms',
				logarithmic: true,
				series: series(lines),
			},
			{
				file: 'memory.svg',
				title: 'Memory of n8n during that run, above its start',
				kind: 'lines',
				xTitle: 'items',
				yTitle: 'MB',
				logarithmic: true,
				series: series(memory),
			},
		],
		notes: [],
	};
}
