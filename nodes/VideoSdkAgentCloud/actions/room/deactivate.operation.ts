import { deactivateRoom } from '../../api/rooms';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/roomId';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'deactivate',
	name: 'Deactivate',
	action: 'Deactivate room',
	description: 'Close a room permanently. Everyone in it is disconnected, and no one can join it again.',
	consequence: 'disconnects everyone in the room',
	fields: [roomIdField, optionsField()],
	prepare(read) {
		const roomId = read.text(roomIdField);
		return async (send) => await deactivateRoom(send, roomId);
	},
};
