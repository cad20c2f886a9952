import { type INodeProperties } from 'n8n-workflow';
import { type RoomBody } from '../api/rooms';
import { type ItemReader } from './reader';
import { readRecording, RECORDING_FIELDS } from './recording';
import { readRoomId, roomIdField } from './roomId';

/** The room that a user chose for a session or call: one to create, an existing one, or none. */
export interface RoomChoice {
	/** Of an existing room. */
	roomId?: string;
	/** Of the room to create. */
	body?: RoomBody;
}

/**
 * Makes the fields of a room.
 *
 * @param roomField has the options `create` and `existing`, and a default
 */
export function roomFields(roomField: INodeProperties): INodeProperties[] {
	return [
		// With an expression n8n would ask for the Room ID in any case.
		{ ...roomField, noDataExpression: true },
		{ ...roomIdField, displayOptions: { show: { room: ['existing'] } } },
		...RECORDING_FIELDS.map((field) => ({
			...field,
			displayOptions: { show: { room: ['create'], ...field.displayOptions?.show } },
		})),
	];
}

/**
 * Reads what `roomFields` has made.
 *
 * @throws NodeOperationError if a field cannot be used
 */
export function readRoomChoice(read: ItemReader, roomField: INodeProperties): RoomChoice {
	const choice = read.choice(roomField);
	if (choice === 'existing') return { roomId: readRoomId(read, roomIdField) };
	return choice === 'create' ? { body: { autoStartConfig: readRecording(read) } } : {};
}
