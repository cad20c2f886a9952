import { endRoomSession } from '../../api/rooms';
import { readRequired } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/room';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'endSession',
	name: 'End Session',
	action: 'End session of room (disconnects everybody in it)',
	description:
		'End what is going on in a room, for the agent and everybody else in it. The room stays. This also stops a dispatched agent.',
	fields: [roomIdField, optionsField()],
	prepare(context, itemIndex) {
		const roomId = readRequired(context, 'roomId', 'Room ID', itemIndex);
		return async (send) => await endRoomSession(send, roomId);
	},
};
