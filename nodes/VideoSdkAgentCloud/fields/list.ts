import type { IDataObject, IDisplayOptions, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { listPages } from '../transport/pagination';
import type { ApiRequest, Send } from '../transport/request';
import { readCount } from './requestOptions';

/** Return All and Limit of a Get Many operation. */
export function listProperties(displayOptions: IDisplayOptions): INodeProperties[] {
	return [
		{
			displayName: 'Return All',
			name: 'returnAll',
			type: 'boolean',
			default: false,
			description: 'Whether to return all results or only up to a given limit',
			displayOptions,
		},
		{
			displayName: 'Limit',
			name: 'limit',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 50,
			description: 'Max number of results to return',
			displayOptions: { show: { ...displayOptions.show, returnAll: [false] } },
		},
	];
}

/** @returns how many records the item asks for */
export function readLimit(context: IExecuteFunctions, itemIndex: number): number {
	if (context.getNodeParameter('returnAll', itemIndex, false) === true) return Infinity;
	return readCount(context, context.getNodeParameter('limit', itemIndex, 50), 'Limit', itemIndex);
}

/** Reads a list until enough records are found that `isWanted`. */
export async function listRecords(
	send: Send,
	request: ApiRequest,
	limit: number,
	isWanted: (record: IDataObject) => boolean = () => true,
): Promise<IDataObject[]> {
	const records: IDataObject[] = [];
	for await (const { rows } of listPages(send, request)) {
		for (const row of rows) {
			if (!isWanted(row)) continue;
			records.push(row);
			if (records.length >= limit) return records;
		}
	}
	return records;
}
