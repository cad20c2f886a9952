import { type IDataObject, type INodeProperties } from 'n8n-workflow';
import { type ItemReader } from './reader';

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
export function readSimplify(read: ItemReader, names: string[]): (record: IDataObject) => IDataObject {
	if (!read.flag(simplifyField)) return (record) => record;
	return (record) =>
		Object.fromEntries(names.filter((name) => name in record).map((name) => [name, record[name]]));
}
