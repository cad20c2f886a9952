import { ROOMS, simplifyRoom } from '../../api/rooms';
import { readSimplify, simplifyField } from '../../fields/kit/simplify';
import { getMany } from '../getManyOperation';

export const operation = getMany({
	action: 'Get many rooms',
	description: 'Retrieve a list of rooms',
	fields: [simplifyField],
	read: (read) => ({ list: ROOMS, show: readSimplify(read, simplifyRoom) }),
});
