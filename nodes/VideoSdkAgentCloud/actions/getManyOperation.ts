import { type IDataObject, type INodeProperties } from 'n8n-workflow';
import { listRecords, type ListRequest } from '../api/http/pagination';
import { type ItemReader } from '../fields/kit/reader';
import { readLimit, RETURN_ALL_FIELDS } from '../fields/kit/filters';
import { type Operation } from './operation';

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
