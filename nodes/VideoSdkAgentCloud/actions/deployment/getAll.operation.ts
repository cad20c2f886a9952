import { DEPLOYMENTS } from '../../api/deployments';
import { listRecords } from '../../api/pagination';
import { LIST_FIELDS, readLimit } from '../../fields/list';
import { optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many deployments',
	description: 'Retrieve a list of deployments and their versions',
	fields: [...LIST_FIELDS, optionsField()],
	prepare(context, itemIndex) {
		const limit = readLimit(context, itemIndex);
		return async (send) => await listRecords(send, DEPLOYMENTS, limit);
	},
};
