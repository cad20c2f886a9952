import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readCount, readFlag } from './read';

/** Return All and Limit of a Get Many operation. */
export const LIST_FIELDS: INodeProperties[] = [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 50,
		description: 'Max number of results to return',
		displayOptions: { show: { returnAll: [false] } },
	},
];

/** @returns how many records the item asks for; Infinity: all */
export function readLimit(context: IExecuteFunctions, itemIndex: number): number {
	if (readFlag(context, 'returnAll', 'Return All', false, itemIndex)) return Infinity;
	return readCount(context, context.getNodeParameter('limit', itemIndex, 50), 'Limit', itemIndex);
}
