import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { RoomBody } from '../api/rooms';
import { inputError } from './inputError';
import { readChoice, readRequired } from './read';
import { readRecording, RECORDING_FIELDS } from './recording';
import { roomIdField } from './room';

/** The environment variable by which an agent knows the room to join (VideoSDK's agents framework). */
export const ROOM_VARIABLE = 'VIDEOSDK_ROOM_ID';

const ROOM_OPTIONS = [
	{ name: 'Agent Decides', value: 'agent', description: 'Nothing is known of the room afterwards' },
	{
		name: 'Create a Room',
		value: 'create',
		description: 'Each session gets a new room, by whose ID recordings and transcripts are found',
	},
	{ name: 'Existing Room', value: 'existing' },
];

/** The room of a session: left to the agent, an existing one, or one to create. */
export interface SessionRoom {
	/** Of an existing room. */
	roomId?: string;
	/** Of the room to create. */
	body?: RoomBody;
}

/** The room in which a session takes place. */
export const SESSION_ROOM_FIELDS: INodeProperties[] = [
	{
		displayName: 'Room',
		name: 'room',
		type: 'options',
		// With an expression n8n would ask for the Room ID in any case.
		noDataExpression: true,
		options: ROOM_OPTIONS,
		default: 'agent',
		description: `The room that the agent joins. Its ID is passed to the agent as ${ROOM_VARIABLE}, and is in the output as <code>roomId</code>.`,
	},
	{ ...roomIdField, displayOptions: { show: { room: ['existing'] } } },
	...RECORDING_FIELDS.map((field) => ({
		...field,
		displayOptions: { show: { room: ['create'], ...field.displayOptions?.show } },
	})),
];

/**
 * Reads SESSION_ROOM_FIELDS.
 *
 * @param env the environment variables of the session
 * @throws NodeOperationError if a field cannot be used, or `env` names a room already
 */
export function readSessionRoom(
	context: IExecuteFunctions,
	env: IDataObject | undefined,
	itemIndex: number,
): SessionRoom {
	const choice = readChoice(context, 'room', 'Room', ['agent', 'create', 'existing'], itemIndex);
	if (choice === 'agent') return {};
	if (env !== undefined && ROOM_VARIABLE in env) {
		throw inputError(
			context,
			`'Environment Variables' contains '${ROOM_VARIABLE}', which 'Room' sets`,
			"Remove the variable, or set 'Room' to 'Agent Decides'.",
			itemIndex,
		);
	}
	if (choice === 'existing') {
		return { roomId: readRequired(context, 'roomId', 'Room ID', itemIndex) };
	}
	return { body: { autoStartConfig: readRecording(context, itemIndex) } };
}
