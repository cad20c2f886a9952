import { getRoom } from '../../api/rooms';
import { roomIdField } from '../../fields/room';
import { onRecord } from '../oneRecordOperation';

const ROOM_FIELD = { ...roomIdField, description: 'The ID of the room. Its Custom Room ID works, too.' };

export const operation = onRecord(ROOM_FIELD, getRoom, {
	value: 'get',
	action: 'Get room',
	description: 'Retrieve a room',
});
