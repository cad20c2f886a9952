import { type IDataObject, type INodeProperties } from 'n8n-workflow';
import { type Send } from '../api/http/client';
import { listRecords, type ListRequest } from '../api/http/pagination';
import { type Field } from '../fields/kit/field';
import { readLimit, RETURN_ALL_FIELDS } from '../fields/kit/filters';
import { type ItemReader } from '../fields/kit/reader';
import { type Operation } from './operation';

/** The operations of a resource that do one thing with one record, or list records. Each resource has one such table. */
export type RecordOperations = [Operation, ...Operation[]];

/**
 * Makes an operation that does one thing with one record.
 *
 * @param field holds the record's ID
 * @param run sends the requests, and returns the output
 */
export function onRecord(
	field: Field<'required'>,
	run: (send: Send, id: string) => Promise<IDataObject>,
	texts: Omit<Operation, 'fields' | 'prepare'>,
): Operation {
	return {
		...texts,
		fields: [field],
		prepare(read) {
			const id = read.text(field);
			return async (send) => await run(send, id);
		},
	};
}

interface Listing {
	list: ListRequest;
	/** Filters the records, where the API has no such filter. */
	isWanted?: (record: IDataObject) => boolean;
	/** Makes the output of a record. Default: the record itself */
	show?: (record: IDataObject) => IDataObject;
}

/** What differs between the Get Many operations. */
interface ListOperation extends Pick<Operation, 'action' | 'description'> {
	/** The parameters before Return All. */
	first?: INodeProperties[];
	/** The parameters after Limit. */
	fields?: INodeProperties[];
	/** Reads the parameters. @throws NodeOperationError naming the field */
	read(read: ItemReader): Listing;
}

/** Makes a Get Many operation. */
export function getMany({ action, description, first = [], fields = [], read }: ListOperation): Operation {
	return {
		value: 'getAll',
		name: 'Get Many',
		action,
		description,
		fields: [...first, ...RETURN_ALL_FIELDS, ...fields],
		prepare(reader) {
			const limit = readLimit(reader);
			const { list, isWanted, show = (record) => record } = read(reader);
			return async (send) => (await listRecords(send, list, limit, isWanted)).map(show);
		},
	};
}
