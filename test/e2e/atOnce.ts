import type { SimulatedCall } from '../simulator';

/** @returns how many calls were under way at the same time at most, a call without an end until now */
export function mostAtOnce(calls: Array<Pick<SimulatedCall, 'start' | 'end'>>): number {
	const steps = calls.flatMap(({ start, end }) => [
		{ atMs: Date.parse(start), by: 1 },
		{ atMs: end === null ? Date.now() : Date.parse(end), by: -1 },
	]);
	let [underWay, most] = [0, 0];
	// Of two steps in the same millisecond, the end comes first.
	for (const { by } of steps.sort((one, other) => one.atMs - other.atMs || one.by - other.by)) {
		underWay += by;
		most = Math.max(most, underWay);
	}
	return most;
}
