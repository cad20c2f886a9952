import type { IExecuteFunctions } from 'n8n-workflow';
import { tryToParseDateTime } from 'n8n-workflow';
import { inputError } from './inputError';

/**
 * Reads a date of n8n's date field, or one that an expression gives. Without a time zone of its own it is in that of the workflow.
 *
 * @param displayName as the user reads it
 * @param edge the last millisecond of that day in the workflow's time zone, or the time itself
 * @returns ms since 1970; undefined if it is blank
 * @throws NodeOperationError if it is no date
 */
export function readDateMs(
	context: IExecuteFunctions,
	value: unknown,
	displayName: string,
	edge: 'endOfDay' | 'exact',
	itemIndex: number,
): number | undefined {
	if (value === undefined || value === null || value === '') return undefined;
	const timeZone = context.getTimezone();
	try {
		const date = tryToParseDateTime(value, timeZone).setZone(timeZone);
		return (edge === 'endOfDay' ? date.endOf('day') : date).toMillis();
	} catch {
		throw inputError(
			context,
			`'${displayName}' is not a date`,
			'Choose a date, or enter one such as 2026-01-15.',
			itemIndex,
		);
	}
}
