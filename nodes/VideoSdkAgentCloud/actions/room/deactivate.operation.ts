import { deactivateRoom } from '../../api/rooms';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/roomId';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'deactivate',
	name: 'Deactivate',
	action: 'Deactivate room (disconnects everybody in it)',
	description: 'Close a room for good. Everybody in it is disconnected, and nobody can join it any more.',
	fields: [roomIdField, optionsField()],
	prepare(read) {
		const roomId = read.required(roomIdField);
		return async (send) => await deactivateRoom(send, roomId);
	},
};
