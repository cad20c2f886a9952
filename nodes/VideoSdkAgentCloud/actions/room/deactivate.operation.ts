import { deactivateRoom } from '../../api/rooms';
import { roomIdField } from '../../fields/room';
import { onRecord } from '../oneRecordOperation';

const ownRoomIdField = {
	...roomIdField,
	description: "The room's own ID, such as <code>abcd-efgh-ijkl</code>. A custom room ID doesn't work here.",
};

export const operation = onRecord(ownRoomIdField, deactivateRoom, {
	value: 'deactivate',
	action: 'Deactivate room',
	description:
		"Close a room permanently, so that it can't be joined again. To disconnect everyone, use End Session.",
	consequence: 'closes the room permanently',
	ends: true,
});
