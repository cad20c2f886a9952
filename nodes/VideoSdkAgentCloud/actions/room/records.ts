import { deactivateRoom, endRoomSession, getRoom, ROOMS, simplifyRoom } from '../../api/rooms';
import { roomIdField } from '../../fields/room';
import { readSimplify, simplifyField } from '../../fields/kit/simplify';
import { getMany, onRecord, type RecordOperations } from '../recordOperations';

const anyRoomIdField = { ...roomIdField, description: 'The ID of the room. Its Custom Room ID works, too.' };

const ownRoomIdField = {
	...roomIdField,
	description: "The room's own ID, such as <code>abcd-efgh-ijkl</code>. A custom room ID doesn't work here.",
};

export const operations: RecordOperations = [
	getMany({
		action: 'Get many rooms',
		description: 'Retrieve a list of rooms',
		fields: [simplifyField],
		read: (read) => ({ list: ROOMS, show: readSimplify(read, simplifyRoom) }),
	}),
	onRecord(anyRoomIdField, getRoom, {
		value: 'get',
		action: 'Get room',
		description: 'Retrieve a room',
	}),
	onRecord(roomIdField, endRoomSession, {
		value: 'endSession',
		action: 'End room session',
		description: 'Disconnect everyone from a room and stop a dispatched agent. The room itself stays open.',
		consequence: 'disconnects everyone in the room',
		ends: true,
	}),
	onRecord(ownRoomIdField, deactivateRoom, {
		value: 'deactivate',
		action: 'Deactivate room',
		description:
			"Close a room permanently, so that it can't be joined again. To disconnect everyone, use End Session.",
		consequence: 'closes the room permanently',
		ends: true,
	}),
];
