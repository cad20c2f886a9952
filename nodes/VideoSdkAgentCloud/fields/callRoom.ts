import { type INodeProperties } from 'n8n-workflow';
import { type ItemReader } from './reader';
import { readRoomChoice, type RoomChoice, roomFields } from './roomChoice';

const roomField: INodeProperties = {
	displayName: 'Room',
	name: 'room',
	type: 'options',
	options: [
		{ name: "The Call's Own", value: 'call', description: 'VideoSDK chooses the room' },
		{
			name: 'Create a Room',
			value: 'create',
			description: 'Each call gets a new room, where it can be recorded and transcribed',
		},
		{ name: 'Existing Room', value: 'existing' },
	],
	default: 'call',
	description: "The room where the agent and the person you're calling meet",
};

/** The room in which a call takes place. */
export const CALL_ROOM_FIELDS = roomFields(roomField);

/**
 * Reads CALL_ROOM_FIELDS.
 *
 * @throws NodeOperationError if a field cannot be used
 */
export function readCallRoom(read: ItemReader): RoomChoice {
	return readRoomChoice(read, roomField);
}
