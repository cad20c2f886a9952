import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readFlag } from './read';

/** Simplify of a Get Many operation. */
export const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

/**
 * Reads Simplify.
 *
 * @param names the fields of a simplified record, in order
 * @returns makes the output of a record; fields that the record lacks are omitted
 */
export function readSimplify(
	context: IExecuteFunctions,
	names: string[],
	itemIndex: number,
): (record: IDataObject) => IDataObject {
	if (!readFlag(context, 'simplify', 'Simplify', true, itemIndex)) return (record) => record;
	return (record) =>
		Object.fromEntries(names.filter((name) => name in record).map((name) => [name, record[name]]));
}
