import { type IDataObject, tryToParseDateTime } from 'n8n-workflow';
import { collectionField, type Field, numberField, optional, switchField } from './field';
import { type CollectionReader, type ItemReader } from './reader';
import { readRoomSession, roomIdField, roomSessionField } from '../room';

/**
 * Makes the collection of filters of a Get Many operation.
 *
 * @param options the filters. Their policy is `refused`, because an expression without a value must not count as "all": the nodes that
 *   follow may end every session that is listed. A filter that a user, or the model that uses the tool, has left empty doesn't filter
 */
export function filtersField(options: Array<Field<'refused'>>, description?: string): Field {
	return collectionField('default', 'Filters', 'filters', {
		placeholder: 'Add Filter',
		description,
		options,
	});
}

const returnAllField = switchField('default', 'Return All', 'returnAll', {
	description: 'Whether to return all results or only up to a given limit',
});

const limitField = numberField('default', 'Limit', 'limit', {
	typeOptions: { minValue: 1 },
	default: 50,
	description: 'Max number of results to return',
	displayOptions: { show: { returnAll: [false] } },
});

export const RETURN_ALL_FIELDS = [returnAllField, limitField];

/** @returns how many records the item asks for; Infinity: all */
export function readLimit(read: ItemReader): number {
	return read.flag(returnAllField) ? Infinity : read.count(limitField);
}

const roomFilter = optional('refused', roomIdField, 'Only return results from this room');
const sessionFilter = optional(
	'refused',
	roomSessionField,
	'Only return results from this room session: the <code>sessionId</code> of a room event, or the <code>roomSessionId</code> of a call',
);

export const roomFiltersField = filtersField([roomFilter, sessionFilter]);

/** Reads `roomFiltersField`. @returns the filters by the API's names */
export function readRoomFilters(read: ItemReader): IDataObject {
	const filters = read.collection(roomFiltersField);
	return { roomId: filters.text(roomFilter), sessionId: readRoomSession(filters, sessionFilter) };
}

/** A text that n8n reads in its own time zone, or in the workflow's. It reads other texts in the server's, and a 7 as a month. */
const DATE_TEXT = /^\s*\d{4}-\d\d|^\d{8}$|GMT|\s[+-]\d{4}\s*$/;

/**
 * Reads a date from a date field or its expression. A date without a time zone is in the workflow's.
 *
 * @param edge `endOfDay`: the last millisecond of that day in the workflow's time zone counts
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
		const isDate = typeof value === 'object' || DATE_TEXT.test(String(value));
		const date = tryToParseDateTime(isDate ? value : '', timeZone).setZone(timeZone);
		return (edge === 'endOfDay' ? date.endOf('day') : date).toMillis();
	} catch {
		throw read.fail(`'${field.displayName}' isn't a date`, 'Select a date, or enter one such as 2026-01-15.');
	}
}
