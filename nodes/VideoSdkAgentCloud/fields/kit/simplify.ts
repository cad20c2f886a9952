import { type IDataObject } from 'n8n-workflow';
import { switchField } from './field';
import { pick } from '../../api/http/responseReaders';
import { simplifyCall } from '../../api/callRecord';
import { type FieldReader, type ItemReader } from './reader';

/** Simplify: a field of Get Many operations, and an option of operations that return a call. */
export const simplifyField = switchField('default', 'Simplify', 'simplify', {
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
});

/**
 * Reads Simplify of a Get Many operation.
 *
 * @param names the fields of a simplified record, in order
 * @returns makes the output of a record; fields that the record lacks are omitted
 */
export function readSimplify(read: ItemReader, names: string[]): (record: IDataObject) => IDataObject {
	return read.flag(simplifyField) ? (record) => pick(record, names) : (record) => record;
}

/**
 * Reads Simplify of an operation that returns calls.
 *
 * @param read the item, or its options
 * @returns makes the output of a call, as `describeCall` makes it
 */
export function readSimplifyCall(read: FieldReader): (call: IDataObject) => IDataObject {
	return read.flag(simplifyField) ? simplifyCall : (call) => call;
}
