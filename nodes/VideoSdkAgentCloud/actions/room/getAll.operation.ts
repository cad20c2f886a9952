import { ROOMS } from '../../api/rooms';
import { readSimplify, simplifyField } from '../../fields/kit/simplify';
import { getMany } from '../getManyOperation';

/** Without the webhook: whoever knows a trigger's address can send to it. */
const SIMPLIFIED = ['roomId', 'customRoomId', 'disabled', 'autoStartConfig', 'createdAt', 'updatedAt'];

export const operation = getMany({
	action: 'Get many rooms',
	description: 'Retrieve a list of rooms',
	fields: [simplifyField],
	read: (read) => ({ list: ROOMS, show: readSimplify(read, SIMPLIFIED) }),
});
