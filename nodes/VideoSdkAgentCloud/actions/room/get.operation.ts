import { getRoom } from '../../api/rooms';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/roomId';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get room',
	description: 'Retrieve a room',
	fields: [
		{ ...roomIdField, description: 'The ID of the room. Its Custom Room ID works, too.' },
		optionsField(),
	],
	prepare(read) {
		const roomId = read.text(roomIdField);
		return async (send) => await getRoom(send, roomId);
	},
};
