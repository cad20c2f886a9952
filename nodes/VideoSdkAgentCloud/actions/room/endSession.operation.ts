import { endRoomSession } from '../../api/rooms';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/roomId';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'endSession',
	name: 'End Session',
	action: 'End room session',
	description: 'Disconnect everyone from a room and stop a dispatched agent. The room itself stays open.',
	consequence: 'disconnects everyone in the room',
	fields: [roomIdField, optionsField()],
	prepare(read) {
		const roomId = read.text(roomIdField);
		return async (send) => await endRoomSession(send, roomId);
	},
};
