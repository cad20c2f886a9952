/** What the figures have in common. */
import { write } from '../n8n/processes';

/** With `BENCH_SHORT=1`, only so much is measured that one sees that the program works. */
export const IS_SHORT = Boolean(process.env.BENCH_SHORT);
export const SIZE = IS_SHORT
	? { rounds: 2, subExecutions: 20, executions: 30, minutes: 1 }
	: { rounds: 12, subExecutions: 500, executions: 1_000, minutes: 10 };

/** One line of the page. */
export interface Row {
	what: string;
	/** Behind each value, such as "ms". */
	unit: string;
	/** A value for each round. */
	ours: number[];
	/** What n8n itself has for this, in the same rounds. */
	peer?: { name: string; values: number[] };
}

/** Something that is measured, in a file of its own. */
export interface Figure {
	title: string;
	/** What is measured, and how: Markdown. */
	how: string;
	measure(): Promise<Row[]>;
}

/** Measures once. @returns ms */
export type Measure = () => Promise<number>;

interface Compared {
	what: string;
	ours: Measure;
	peer: { name: string; measure: Measure };
}

/**
 * Measures ours and n8n's own in turns (A B C, B C A, ...), so that whatever disturbs the machine meets them alike. Rows may have the
 * same peer, which is then measured once a round.
 */
export async function inTurns(rows: Compared[]): Promise<Row[]> {
	const measures = new Set(rows.flatMap(({ ours, peer }) => [ours, peer.measure]));
	const values = new Map([...measures].map((measure) => [measure, [] as number[]]));
	const turns = [...values];
	// In the first round, connections and code get warm.
	for (let round = 0; round <= SIZE.rounds; round++) {
		for (let place = 0; place < turns.length; place++) {
			const [measure, measured] = turns[(place + round) % turns.length]!;
			const value = await measure();
			if (round > 0) measured.push(value);
		}
		write(`  round ${round} of ${SIZE.rounds}`);
	}
	return rows.map(({ what, ours, peer: { name, measure } }) => ({
		what,
		unit: 'ms',
		ours: values.get(ours)!,
		peer: { name, values: values.get(measure)! },
	}));
}

/** @returns the one in the middle, or the mean of the two there */
export function median(values: number[]): number {
	const sorted = [...values].sort((one, other) => one - other);
	const middle = sorted.length / 2;
	return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Does something so often at the same time. @returns the median of the times that it tells, in ms */
export const atOnce = async (count: number, once: Measure): Promise<number> =>
	median(await Promise.all(Array.from({ length: count }, once)));
