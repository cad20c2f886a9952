import type { IDataObject } from 'n8n-workflow';

/**
 * Takes the result out of the response's JSON object.
 *
 * @param headers the response's headers, with names in lower case
 * @returns undefined if the result isn't there
 * @throws DeclinedError if the API says in its response that it didn't do what was asked
 */
export type AnswerReader<T> = (answer: IDataObject, headers: Record<string, unknown>) => T | undefined;

/** Thrown by a reader if the API answered 2xx, but didn't do what was asked. */
export class DeclinedError extends Error {}

/** @returns a reader that throws a DeclinedError if the response has `success: false` */
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

/** @returns the value if it's a JSON object; else an object without fields */
export function asRecord(value: unknown): IDataObject {
	return isRecord(value) ? value : {};
}

/**
 * Finds the objects that may be the record. Some endpoints wrap it in `data` and some don't, and both forms are accepted everywhere, so
 * that no ID is lost if one of them changes.
 */
export function recordsIn(answer: IDataObject): IDataObject[] {
	return [answer.data, answer].filter(isRecord);
}

/**
 * Makes a reader for an answer that holds one record.
 *
 * @param idFields the fields of which a record of this kind has at least one. A numeric ID becomes text, because IDs are compared as text
 * @param describe makes the result of the record. Default: the record itself
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

/** @returns the room that a record names. Merged recordings and events name it `meetingId` */
export const roomIdOf = ({ roomId, meetingId }: IDataObject) => roomId ?? meetingId;

/** @returns a time of the API in ms since 1970; NaN if it isn't a time */
export const msOf = (time: unknown): number => Date.parse(String(time));

/** @returns when the call, session or recording of a record began, in ms since 1970; NaN if the record doesn't say */
export const startMsOf = ({ start, createdAt }: IDataObject): number => msOf(start || createdAt);

/** @returns the record that started last; undefined if there are none */
export function latestOf(records: IDataObject[]): IDataObject | undefined {
	return records.sort((one, other) => (startMsOf(other) || 0) - (startMsOf(one) || 0))[0];
}

/** @returns a value as text, without blanks around it; empty if there is no value */
export const trimmed = (value: unknown): string => String(value ?? '').trim();

/** @returns the fields with these names that the record has, in the order of the names */
export function pick(record: IDataObject, names: readonly string[]): IDataObject {
	return Object.fromEntries(
		names.flatMap((name) =>
			Object.hasOwn(record, name) && record[name] !== undefined ? [[name, record[name]]] : [],
		),
	);
}

/** @returns the record without the fields with these names */
export function omit(record: IDataObject, names: readonly string[]): IDataObject {
	return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}

/** @returns the record, beginning with the fields with these names that it has, in the order of the names */
export function beginningWith(names: readonly string[], record: IDataObject): IDataObject {
	return { ...pick(record, names), ...record };
}
