import { DEPLOYMENTS } from '../../api/sessions';
import { getMany, type RecordOperations } from '../recordOperations';

export const operations: RecordOperations = [
	getMany({
		action: 'Get many deployments',
		description: 'Retrieve a list of deployments and their versions',
		read: () => ({ list: DEPLOYMENTS }),
	}),
];
