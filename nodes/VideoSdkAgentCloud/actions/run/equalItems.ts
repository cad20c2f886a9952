/** A message names at most this many of the items that have the same value. */
const MAX_NAMED = 5;

/**
 * Finds items that have the same value.
 *
 * @param values by item; undefined: the item doesn't count
 * @returns each item whose value another one has, too, with all that have it
 */
export function equalItems(values: Array<string | undefined>): Map<number, number[]> {
	const itemsOf = new Map<string, number[]>();
	for (const [item, value] of values.entries()) {
		if (value === undefined) continue;
		const items = itemsOf.get(value);
		if (items) items.push(item);
		else itemsOf.set(value, [item]);
	}
	const groups = [...itemsOf.values()].filter(({ length }) => length > 1);
	return new Map(groups.flatMap((items) => items.map((item) => [item, items] as const)));
}

/** @returns the numbers of items in words, such as "0, 1, and 2" */
export function inWords(items: number[]): string {
	const named = items.slice(0, MAX_NAMED).map(String);
	if (items.length > MAX_NAMED) named.push(`${items.length - MAX_NAMED} more`);
	return new Intl.ListFormat('en').format(named);
}
