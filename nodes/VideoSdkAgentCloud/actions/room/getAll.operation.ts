import { listRecords } from '../../api/pagination';
import { ROOMS } from '../../api/rooms';
import { readLimit, RETURN_ALL_FIELDS } from '../../fields/returnAll';
import { optionsField } from '../../fields/requestOptions';
import { readSimplify, simplifyField } from '../../fields/simplify';
import { type Operation } from '../operation';

/** Without the webhook: whoever knows a trigger's address can send to it. */
const SIMPLIFIED = [
	'roomId',
	'customRoomId',
	'disabled',
	'geoFence',
	'autoStartConfig',
	'createdAt',
	'updatedAt',
];

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many rooms',
	description: 'Retrieve a list of rooms',
	fields: [...RETURN_ALL_FIELDS, simplifyField, optionsField()],
	prepare(read) {
		const limit = readLimit(read);
		const simplify = readSimplify(read, SIMPLIFIED);
		return async (send) => (await listRecords(send, ROOMS, limit)).map(simplify);
	},
};
