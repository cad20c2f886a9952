import { deactivateRoom } from '../../api/rooms';
import { roomIdField } from '../../fields/roomId';
import { onRecord } from '../onRecord';

export const operation = onRecord(roomIdField, deactivateRoom, {
	value: 'deactivate',
	name: 'Deactivate',
	action: 'Deactivate room',
	description: 'Close a room permanently. Everyone in it is disconnected, and no one can join it again.',
	consequence: 'disconnects everyone in the room',
});
