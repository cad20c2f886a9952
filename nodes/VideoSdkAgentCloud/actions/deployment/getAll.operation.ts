import { DEPLOYMENTS } from '../../api/deployments';
import { listRecords } from '../../api/pagination';
import { readLimit, RETURN_ALL_FIELDS } from '../../fields/returnAll';
import { optionsField } from '../../fields/requestOptions';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many deployments',
	description: 'Retrieve a list of deployments and their versions',
	fields: [...RETURN_ALL_FIELDS, optionsField()],
	prepare(read) {
		const limit = readLimit(read);
		return async (send) => await listRecords(send, DEPLOYMENTS, limit);
	},
};
