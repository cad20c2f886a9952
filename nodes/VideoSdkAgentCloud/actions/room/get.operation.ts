import { getRoom } from '../../api/rooms';
import { readRequired } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/room';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get room',
	description: 'Retrieve a room',
	fields: [{ ...roomIdField, description: 'The room. Its Custom Room ID will do, too.' }, optionsField()],
	prepare(context, itemIndex) {
		const roomId = readRequired(context, 'roomId', 'Room ID', itemIndex);
		return async (send) => await getRoom(send, roomId);
	},
};
