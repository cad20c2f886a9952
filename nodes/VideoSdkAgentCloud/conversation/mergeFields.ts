import type { IDataObject } from 'n8n-workflow';

/** What decides between records: how far the conversation had come, then `updatedAt`, then the size of the record. */
type Rank = [stage: number, updatedAtMs: number, size: number];

/**
 * What records have told, by the names of their fields: of each field, the value of the record with the highest rank. A rank for each:
 * of `{ ...older, ...newer }` alone, what came of a field that the newest record lacks would depend on which two were merged first.
 */
export type Fields = Record<string, { rank: Rank; value: IDataObject[string] }>;

/** A field without a value takes back nothing that another record has told. */
const NOTHING: Rank = [-1, 0, 0];

/** Of records of the same rank, the value that is longer as text counts, then the one that is later in the alphabet. */
export function larger<T>(one: T, other: T): T {
	const [oneText, otherText] = [JSON.stringify(one), JSON.stringify(other)];
	if (oneText.length !== otherText.length) return oneText.length > otherText.length ? one : other;
	return oneText > otherText ? one : other;
}

/** Joins what has the same name. */
export function mergeByName<T>(
	one: Record<string, T>,
	other: Record<string, T>,
	joinTwo: (a: T, b: T) => T,
): Record<string, T> {
	const joined = new Map(Object.entries(one));
	for (const [name, value] of Object.entries(other)) {
		const present = joined.get(name);
		joined.set(name, present === undefined ? value : joinTwo(present, value));
	}
	return Object.fromEntries(joined);
}

/** @returns what one record tells. @param stage how far the conversation had come */
export function fieldsOf(record: IDataObject, stage: number): Fields {
	const rank: Rank = [stage, Date.parse(String(record.updatedAt)) || 0, JSON.stringify(record).length];
	const told = Object.entries(record).filter(([, value]) => value !== undefined);
	return Object.fromEntries(
		told.map(([name, value]) => [name, { rank: value === null || value === '' ? NOTHING : rank, value }]),
	);
}

/** Joins what records have told, whatever their order. */
export function mergeFields(one: Fields, other: Fields): Fields {
	return mergeByName(one, other, (a, b) => {
		const difference = a.rank.map((value, index) => value - (b.rank[index] as number)).find(Boolean) ?? 0;
		if (difference === 0) return larger(a, b);
		return difference > 0 ? a : b;
	});
}

/** @returns the record that the fields make */
export function recordOf(fields: Fields): IDataObject {
	return Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]));
}
