import { listRecords } from '../../api/pagination';
import { ROOMS } from '../../api/rooms';
import { LIST_FIELDS, readLimit } from '../../fields/list';
import { optionsField } from '../../fields/requestOptions';
import { readSimplify, simplifyField } from '../../fields/simplify';
import type { Operation } from '../operation';

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
	fields: [...LIST_FIELDS, simplifyField, optionsField()],
	prepare(context, itemIndex) {
		const limit = readLimit(context, itemIndex);
		const simplify = readSimplify(context, SIMPLIFIED, itemIndex);
		return async (send) => (await listRecords(send, ROOMS, limit)).map(simplify);
	},
};
