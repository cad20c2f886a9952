import { type IDataObject } from 'n8n-workflow';
import { switchField } from './field';
import { type FieldReader } from './reader';

/** The switch Simplify: a field of Get Many operations, and an option of operations that return a call. */
export const simplifyField = switchField('default', 'Simplify', 'simplify', {
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
});

/**
 * Reads Simplify.
 *
 * @param read the reader of the item, or of its options
 * @param simplify simplifies a record, such as `simplifyCall`
 * @returns a function that makes the output of a record
 */
export function readSimplify(
	read: FieldReader,
	simplify: (record: IDataObject) => IDataObject,
): (record: IDataObject) => IDataObject {
	return read.flag(simplifyField) ? simplify : (record) => record;
}
