import type { IDataObject } from 'n8n-workflow';

/**
 * The fields that one record told, as far as no record that is further on tells them, too. Its rank decides between records: how far
 * the conversation had come, then `updatedAt`, then the size of the record.
 */
export interface Layer {
	rank: [stage: number, updatedAtMs: number, size: number];
	fields: IDataObject;
}

/** Fields without a value come last: they take back nothing that another record has told. */
const NOTHING: Layer['rank'] = [-1, 0, 0];

function isNothing(value: unknown): boolean {
	return value === undefined || value === null || value === '';
}

function compare(one: Layer['rank'], other: Layer['rank']): number {
	const index = one.findIndex((value, position) => value !== other[position]);
	return index === -1 ? 0 : (other[index] as number) - (one[index] as number);
}

/** Of records of the same rank, the value that is longer as text counts, then the one that is later in the alphabet. */
export function larger<T>(one: T, other: T): T {
	const [oneText, otherText] = [JSON.stringify(one), JSON.stringify(other)];
	if (oneText.length !== otherText.length) return oneText.length > otherText.length ? one : other;
	return oneText > otherText ? one : other;
}

/** Joins fields of the same name. */
export function joinByName<T>(
	one: Record<string, T>,
	other: Record<string, T>,
	joinTwo: (a: T, b: T) => T,
): Record<string, T> {
	const joined = { ...one };
	for (const [name, value] of Object.entries(other)) {
		const present = Object.hasOwn(joined, name) ? joined[name] : undefined;
		joined[name] = present === undefined ? value : joinTwo(present, value);
	}
	return joined;
}

/** @returns the layers of one record. @param stage how far the conversation had come */
export function layersOf(record: IDataObject, stage: number): Layer[] {
	const entries = Object.entries(record).filter(([, value]) => value !== undefined);
	const updatedAtMs = Date.parse(String(record.updatedAt)) || 0;
	return [
		{
			rank: [stage, updatedAtMs, JSON.stringify(record).length],
			fields: Object.fromEntries(entries.filter(([, value]) => !isNothing(value))),
		},
		{ rank: NOTHING, fields: Object.fromEntries(entries.filter(([, value]) => isNothing(value))) },
	];
}

/** Joins what records have told, whatever their order: of each field, the value of the record with the highest rank. */
export function joinLayers(one: Layer[], other: Layer[]): Layer[] {
	const byRank = new Map<string, Layer>();
	for (const { rank, fields } of [...one, ...other]) {
		const key = rank.join();
		const present = byRank.get(key);
		byRank.set(key, { rank, fields: present ? joinByName(present.fields, fields, larger) : fields });
	}
	const told = new Set<string>();
	return [...byRank.values()]
		.sort((a, b) => compare(a.rank, b.rank))
		.map(({ rank, fields }) => {
			const news = Object.entries(fields).filter(([name]) => !told.has(name));
			for (const [name] of news) told.add(name);
			return { rank, fields: Object.fromEntries(news) };
		})
		.filter(({ fields }) => Object.keys(fields).length > 0);
}

/** @returns the record that the layers make */
export function recordOf(layers: Layer[]): IDataObject {
	return Object.assign({}, ...[...layers].reverse().map(({ fields }) => fields)) as IDataObject;
}
