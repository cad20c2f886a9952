/** What repeated measurements of one thing say. */
export interface Summary {
	median: number;
	/** The median lies between these two with a confidence of about 95 % (all values, if there are fewer than nine). */
	low: number;
	high: number;
	min: number;
	max: number;
	count: number;
}

const ascending = (values: number[]): number[] => [...values].sort((first, second) => first - second);

/** @param share from 0 to 1; the values between are interpolated */
export function quantile(values: number[], share: number): number {
	const sorted = ascending(values);
	const position = (sorted.length - 1) * share;
	const below = sorted[Math.floor(position)] ?? NaN;
	const above = sorted[Math.ceil(position)] ?? NaN;
	return below + (above - below) * (position - Math.floor(position));
}

/** How many values may be left out at either end so that the rest still holds the true median with 95 % (sign test). */
function leftOut(count: number): number {
	let probability = 0.5 ** count;
	let cumulated = probability;
	let left = 0;
	while (cumulated <= 0.025) {
		left++;
		probability *= (count - left + 1) / left;
		cumulated += probability;
	}
	return left === 0 ? 0 : left - 1;
}

/** Sums up repeated measurements, without assuming anything about how they are spread. */
export function summarize(values: number[]): Summary {
	const sorted = ascending(values);
	const left = leftOut(sorted.length);
	return {
		median: quantile(sorted, 0.5),
		low: sorted[left] ?? NaN,
		high: sorted[sorted.length - 1 - left] ?? NaN,
		min: sorted[0] ?? NaN,
		max: sorted[sorted.length - 1] ?? NaN,
		count: sorted.length,
	};
}

/** Ours divided by theirs, each of the same round: its neighbour in time. */
export function summarizePairs(ours: number[], theirs: number[]): Summary {
	const pairs = ours.slice(0, theirs.length);
	return summarize(pairs.map((value, index) => value / (theirs[index] ?? NaN)));
}
