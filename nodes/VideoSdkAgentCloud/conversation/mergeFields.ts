import type { IDataObject } from 'n8n-workflow';

/** The rank that decides between records: by how far the conversation had come, then by `updatedAt`, then by the record's size. */
type Rank = [stage: number, updatedAtMs: number, size: number];

/**
 * The fields of all merged records, each with the value of the record with the highest rank. Each field has a rank of its own, because with
 * one rank for a whole record, the value of a field that the newest record lacks would depend on the order of the merges.
 */
export type Fields = Record<string, { rank: Rank; value: IDataObject[string] }>;

/** The rank of an empty field, which never replaces the value of another record. */
const NOTHING: Rank = [-1, 0, 0];

/** Decides between values of the same rank: the longer text counts, then the later one in the alphabet. */
export function larger<T>(one: T, other: T): T {
	const [oneText, otherText] = [JSON.stringify(one), JSON.stringify(other)];
	if (oneText.length !== otherText.length) return oneText.length > otherText.length ? one : other;
	return oneText > otherText ? one : other;
}

/** Merges two records of values by name. @param mergeTwo merges two values of the same name */
export function mergeByName<T>(
	one: Record<string, T>,
	other: Record<string, T>,
	mergeTwo: (a: T, b: T) => T,
): Record<string, T> {
	const merged = new Map(Object.entries(one));
	for (const [name, value] of Object.entries(other)) {
		const present = merged.get(name);
		merged.set(name, present === undefined ? value : mergeTwo(present, value));
	}
	return Object.fromEntries(merged);
}

/** @returns the fields of one record with their ranks. @param stage how far the conversation had come */
export function fieldsOf(record: IDataObject, stage: number): Fields {
	const rank: Rank = [stage, Date.parse(String(record.updatedAt)) || 0, JSON.stringify(record).length];
	const present = Object.entries(record).filter(([, value]) => value !== undefined);
	return Object.fromEntries(
		present.map(([name, value]) => [name, { rank: value === null || value === '' ? NOTHING : rank, value }]),
	);
}

/** Merges the fields of records. The result doesn't depend on their order. */
export function mergeFields(one: Fields, other: Fields): Fields {
	return mergeByName(one, other, (a, b) => {
		const difference = a.rank.map((value, index) => value - (b.rank[index] as number)).find(Boolean) ?? 0;
		if (difference === 0) return larger(a, b);
		return difference > 0 ? a : b;
	});
}

/** @returns the record that consists of the fields */
export function recordOf(fields: Fields): IDataObject {
	return Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]));
}
