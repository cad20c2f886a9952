import { type IDataObject, type INodeProperties } from 'n8n-workflow';
import { type ItemReader } from './reader';
import { readRoomChoice, type RoomChoice, roomFields } from './roomChoice';

/** The environment variable by which an agent knows the room to join (VideoSDK's agents framework). */
export const ROOM_VARIABLE = 'VIDEOSDK_ROOM_ID';

const roomField: INodeProperties = {
	displayName: 'Room',
	name: 'room',
	type: 'options',
	options: [
		{
			name: 'Agent Decides',
			value: 'agent',
			description: "You don't get the room's ID, so you can't look up what was said",
		},
		{
			name: 'Create a Room',
			value: 'create',
			description: 'Each session gets a new room. Use its ID to get the recording and the transcript.',
		},
		{ name: 'Existing Room', value: 'existing' },
	],
	default: 'agent',
	description: `The room the agent joins. If you create or choose one, the agent gets its ID as ${ROOM_VARIABLE}, and the output includes it as <code>roomId</code>.`,
};

/** The room in which a session takes place. */
export const SESSION_ROOM_FIELDS = roomFields(roomField);

/**
 * Reads SESSION_ROOM_FIELDS.
 *
 * @param env the environment variables of the session
 * @throws NodeOperationError if a field cannot be used, or `env` names a room already
 */
export function readSessionRoom(read: ItemReader, env: IDataObject | undefined): RoomChoice {
	const room = readRoomChoice(read, roomField);
	const isLeftToAgent = room.roomId === undefined && room.body === undefined;
	if (isLeftToAgent || env === undefined || !(ROOM_VARIABLE in env)) return room;
	throw read.fail(
		`'Environment Variables' contains '${ROOM_VARIABLE}', but 'Room' already sets it`,
		"Remove the variable, or set 'Room' to 'Agent Decides'.",
	);
}
