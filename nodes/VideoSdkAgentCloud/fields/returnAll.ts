import { numberField, switchField } from './field';
import { type ItemReader } from './reader';

const returnAllField = switchField('default', 'Return All', 'returnAll', {
	description: 'Whether to return all results or only up to a given limit',
});

const limitField = numberField('default', 'Limit', 'limit', {
	typeOptions: { minValue: 1 },
	default: 50,
	description: 'Max number of results to return',
	displayOptions: { show: { returnAll: [false] } },
});

/** Return All and Limit of a Get Many operation. */
export const RETURN_ALL_FIELDS = [returnAllField, limitField];

/** @returns how many records the item asks for; Infinity: all */
export function readLimit(read: ItemReader): number {
	return read.flag(returnAllField) ? Infinity : read.count(limitField);
}
