/** Adds to a list that never grows beyond `max`. */
export function pushBounded<T>(list: T[], item: T, max: number): void {
	list.push(item);
	if (list.length > max) list.splice(0, list.length - max);
}

/** Adds to a map that never grows beyond `max`; the oldest entry goes first. */
export function setBounded<T>(map: Map<string, T>, key: string, item: T, max: number): void {
	map.set(key, item);
	if (map.size <= max) return;
	const oldest = map.keys().next().value;
	if (oldest !== undefined) map.delete(oldest);
}
