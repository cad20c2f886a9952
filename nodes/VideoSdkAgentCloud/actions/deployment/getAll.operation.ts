import { DEPLOYMENTS } from '../../api/deployments';
import { getMany } from '../getManyOperation';

export const operation = getMany({
	action: 'Get many deployments',
	description: 'Retrieve a list of deployments and their versions',
	read: () => ({ list: DEPLOYMENTS }),
});
