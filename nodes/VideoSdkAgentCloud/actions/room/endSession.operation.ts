import { endRoomSession } from '../../api/rooms';
import { roomIdField } from '../../fields/room';
import { onRecord } from '../oneRecordOperation';

export const operation = onRecord(roomIdField, endRoomSession, {
	value: 'endSession',
	action: 'End room session',
	description: 'Disconnect everyone from a room and stop a dispatched agent. The room itself stays open.',
	consequence: 'disconnects everyone in the room',
	ends: true,
});
