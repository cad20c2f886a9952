import { tryToParseDateTime } from 'n8n-workflow';
import { type Field } from './field';
import { type CollectionReader } from './reader';

/**
 * Reads a date of n8n's date field, or one that an expression gives. Without a time zone of its own it is in that of the workflow.
 *
 * @param edge the last millisecond of that day in the workflow's time zone, or the time itself
 * @returns ms since 1970; undefined if it is blank
 * @throws NodeOperationError if it is no date
 */
export function readDateMs(
	read: CollectionReader,
	field: Field,
	edge: 'endOfDay' | 'exact',
): number | undefined {
	const value = read.given(field);
	if (value === undefined) return undefined;
	const timeZone = read.context.getTimezone();
	try {
		const date = tryToParseDateTime(value, timeZone).setZone(timeZone);
		return (edge === 'endOfDay' ? date.endOf('day') : date).toMillis();
	} catch {
		throw read.fail(`'${field.displayName}' isn't a date`, 'Choose a date, or enter one such as 2026-01-15.');
	}
}
