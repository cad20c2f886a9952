import { endRoomSession } from '../../api/rooms';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/roomId';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'endSession',
	name: 'End Session',
	action: 'End session of room (disconnects everybody in it)',
	description:
		'End what is going on in a room, for the agent and everybody else in it. The room stays. This also stops a dispatched agent.',
	fields: [roomIdField, optionsField()],
	prepare(read) {
		const roomId = read.required(roomIdField);
		return async (send) => await endRoomSession(send, roomId);
	},
};
