import { type INodeProperties } from 'n8n-workflow';
import { type RoomBody } from '../api/rooms';
import { type ItemReader } from './reader';
import { readRecording, RECORDING_FIELDS } from './recording';
import { readRoomId, roomIdField } from './roomId';

/** The room of a session or call: that of the default, an existing one, or one to create. */
export type RoomChoice<Default extends string> =
	{ choice: Default } | { choice: 'existing'; roomId: string } | { choice: 'create'; body: RoomBody };

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
export function readRoomChoice<Default extends string>(
	read: ItemReader,
	roomField: INodeProperties,
): RoomChoice<Default> {
	const choice = read.choice<Default | 'existing' | 'create'>(roomField);
	if (choice === 'existing') return { choice: 'existing', roomId: readRoomId(read, roomIdField) };
	if (choice === 'create') return { choice: 'create', body: { autoStartConfig: readRecording(read) } };
	return { choice };
}
