import type { IDataObject } from 'n8n-workflow';

/**
 * Takes what is wanted out of the JSON object that the API answered.
 *
 * @param headers of the answer, their names in lower case
 * @returns undefined if it is not there
 * @throws DeclinedError if the API says in its answer that it did not do what was asked
 */
export type AnswerReader<T> = (answer: IDataObject, headers: Record<string, unknown>) => T | undefined;

/** Thrown by a reader: the API answered 2xx, but did not do what was asked. */
export class DeclinedError extends Error {}

/** @returns a reader that throws a DeclinedError if an answer says plainly that what was asked was not done */
export function unlessDeclined<T>(read: AnswerReader<T>): AnswerReader<T> {
	return (answer, headers) => {
		const isDeclined = recordsIn(answer).some(({ success }) =>
			[false, 'false', 0].includes(success as boolean),
		);
		if (isDeclined) throw new DeclinedError();
		return read(answer, headers);
	};
}

/** @returns whether a value is a JSON object, not a list or null */
export function isRecord(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns a value that is a JSON object; else one without fields */
export function asRecord(value: unknown): IDataObject {
	return isRecord(value) ? value : {};
}

/**
 * Some endpoints wrap a record in `data` and some do not. Both are accepted, so that no ID is lost if that ever changes.
 *
 * @returns what may be the record that is wanted
 */
export function recordsIn(answer: IDataObject): IDataObject[] {
	return [answer.data, answer].filter(isRecord);
}

/**
 * Makes a reader for an answer that holds one record.
 *
 * @param idFields the fields of which a record of this kind always has one. An ID is text, as everything that compares IDs expects
 * @param describe makes what is wanted of the record. Default: the record itself
 */
export function recordWith(
	idFields: string[],
	describe = (record: IDataObject) => record,
): (answer: IDataObject) => IDataObject | undefined {
	return (answer) => {
		const record = recordsIn(answer).find((candidate) => idFields.some((idField) => candidate[idField]));
		if (record === undefined) return undefined;
		const ids = idFields.filter((idField) => typeof record[idField] === 'number');
		return describe({ ...record, ...Object.fromEntries(ids.map((name) => [name, String(record[name])])) });
	};
}

/** @returns the room that a record names: merged recordings and events have `meetingId` */
export const roomIdOf = ({ roomId, meetingId }: IDataObject) => roomId ?? meetingId;

/** @returns an API time in ms since 1970; NaN: it is none */
export const msOf = (time: unknown): number => Date.parse(String(time));

/** @returns when what a record is about began, in ms since 1970; NaN: it does not tell */
export const startMsOf = ({ start, createdAt }: IDataObject): number => msOf(start || createdAt);

/** @returns the record that started last; undefined of none */
export function latestOf(records: IDataObject[]): IDataObject | undefined {
	return records.sort((one, other) => (startMsOf(other) || 0) - (startMsOf(one) || 0))[0];
}

/** @returns those of a record's fields that it has, in the order of their names here */
export function pick(record: IDataObject, names: readonly string[]): IDataObject {
	return Object.fromEntries(
		names.flatMap((name) =>
			Object.hasOwn(record, name) && record[name] !== undefined ? [[name, record[name]]] : [],
		),
	);
}

/** @returns a record without the fields named */
export function omit(record: IDataObject, names: readonly string[]): IDataObject {
	return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}

/** @returns a record that begins with the fields named, in this order, as far as it has them */
export function beginningWith(names: readonly string[], record: IDataObject): IDataObject {
	return { ...pick(record, names), ...record };
}
