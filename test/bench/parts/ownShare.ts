import { runChild } from '../lib/child';
import { packageFolder } from '../lib/host';
import type { PartResult, Row } from '../lib/results';
import { target, wallTarget } from '../lib/results';
import { quantile, summarize } from '../lib/stats';
import type { BenchContext } from './context';

/** Short ones, so that some are not disturbed. */
const REPETITIONS = 30;
const EVENTS = 800;
const MEMORY_EVENTS = 100_000;
/** What is remembered is full after 5,000 events; from then on nothing may grow but the noise of the heap. */
const MEMORY_LIMIT_MB = 1;

/** The trigger's own work, in a process without n8n. */
export async function measureOwnShare(context: BenchContext): Promise<PartResult> {
	const { n8n } = await context.host();
	const folder = packageFolder(n8n.userFolder);
	const repetitions = context.quick ? 3 : REPETITIONS;
	const { small, large } = await runChild<{ small: number[][]; large: number[][] }>(n8n.runtime, 'ownShare', [
		folder,
		'times',
		String(repetitions),
		String(EVENTS),
	]);
	const events = context.quick ? MEMORY_EVENTS / 5 : MEMORY_EVENTS;
	const { heapMb } = await runChild<{ heapMb: number[] }>(
		n8n.runtime,
		'ownShare',
		[folder, 'memory', String(events)],
		['--expose-gc'],
	);
	const grown = (heapMb.at(-1) ?? NaN) - (heapMb[Math.ceil(heapMb.length / 4)] ?? NaN);
	const timed = (size: string, times: number[][], limitMs: number): Row[] => {
		const p99 = summarize(times.map((each) => quantile(each, 0.99)));
		const what = (which: string): string => `Our own share of a delivery of ${size}: ${which}`;
		return [
			{ what: what('p50'), unit: 'ms', ours: summarize(times.map((each) => quantile(each, 0.5))) },
			{ what: what('p99'), unit: 'ms', ours: p99, target: wallTarget(`under ${limitMs} ms`, limitMs, p99) },
		];
	};
	return {
		rows: [
			...timed('4 kB', small, 0.2),
			...timed('256 kB', large, 1),
			{
				what: `Heap after ${events} events, above that after a third of them`,
				unit: 'MB',
				ours: summarize([grown]),
				target: target('flat: under 1 MB', MEMORY_LIMIT_MB, summarize([grown])),
			},
		],
		plots: [
			{
				file: 'trigger-memory.svg',
				title: 'Heap of a process that does nothing but our share of each delivery',
				kind: 'lines',
				xTitle: 'events',
				yTitle: 'MB',
				series: [
					{
						label: 'heap after collection',
						isOurs: true,
						points: heapMb.map((mb, index): [number, number] => [(index * events) / (heapMb.length - 1), mb]),
					},
				],
			},
		],
		notes: [],
	};
}
