import { type IDataObject } from 'n8n-workflow';
import { type RoomBody } from '../api/rooms';
import { apiSessionId } from '../api/sessionId';
import { type Blank, type Field, optional, switchField, textField, type TextOf } from './kit/field';
import { type FieldReader, type ItemReader } from './kit/reader';
import { readRecording } from './recording';
import { readOptions } from './kit/requestOptions';

/** The field for an existing room, by its own ID. */
export const roomIdField = textField('required', 'Room ID', 'roomId', {
	placeholder: 'e.g. abcd-efgh-ijkl',
	description: 'The <code>roomId</code> from Room: Create, Session: Start, or Call: Make',
});

/** The field for a session of a room, which lasts from the first person in it to the last one out. */
export const roomSessionField = textField('refused', 'Session ID', 'sessionId', {
	placeholder: 'e.g. 65f1c2d3e4b5a69788a9b0c1',
	description:
		"The room session of the conversation: the <code>sessionId</code> of a room event, or the <code>roomSessionId</code> of a call. Leave empty for the room's latest one.",
});

/** Reads `roomSessionField`, or the filter that is made of it. @throws NodeOperationError if an expression gives nothing */
export function readRoomSession(read: FieldReader, field = roomSessionField): string | undefined {
	const sessionId = read.text(field);
	return sessionId && apiSessionId(sessionId);
}

/** The longest ID of a room. VideoSDK's own IDs have 14 characters, and users' custom IDs may be longer. */
const MAX_LENGTH = 128;
/** Characters of a URL, a JSON text, an unevaluated expression, or an object as text, none of which is an ID. */
const MALFORMED = /[\s/\\?#<>{}[\]"']|^(?:undefined|null|NaN)$/;

/**
 * Reads the ID of an existing room for a conversation. It's checked, because with a wrong ID, the API lets people talk in a different room,
 * which no one records.
 *
 * @returns undefined if it was left empty and isn't required
 * @throws NodeOperationError as the field's policy says, if it can't be a room's ID, or is a room's `id` in place of its `roomId`
 */
export function readRoomId<B extends Blank>(read: FieldReader, field: Field<B>): TextOf<B> {
	const roomId = read.text(field);
	if (roomId === undefined) return roomId;
	if (roomId.length > MAX_LENGTH || MALFORMED.test(roomId)) {
		throw read.fail(
			`'${field.displayName}' isn't a room ID`,
			'Use the roomId from Room: Create, Session: Start, or Call: Make, such as abcd-efgh-ijkl.',
		);
	}
	const { json } = read.context.getInputData()[read.itemIndex] ?? {};
	if (json?.id === roomId && json.roomId && json.roomId !== roomId) {
		throw read.fail(
			`'${field.displayName}' is the room's 'id', not its 'roomId'`,
			`Use {{ $json.roomId }} in '${field.displayName}'.`,
		);
	}
	return roomId;
}

/** The room of a conversation: one to create, an existing one, or the one that VideoSDK or the agent chooses. */
export interface RoomChoice {
	roomId?: string;
	body?: RoomBody;
	/**
	 * Whether the user didn't ask for the room to create, so that the call does without it if VideoSDK can't reach n8n, or it can't be
	 * created.
	 */
	isOptional?: boolean;
}

/** The environment variable from which an agent reads the room to join (VideoSDK's agents framework, job.py). */
export const ROOM_VARIABLE = 'VIDEOSDK_ROOM_ID';

/** The option for an existing room in which the conversation takes place. */
export const roomIdOption = optional(
	'refused',
	roomIdField,
	"The ID of an existing room to use for the conversation. People in one room hear each other. Can't be combined with 'Recording'.",
);

/**
 * With more items, no call gets a room that no one asked for: each room's event has n8n load the execution with all items
 * (WaitingWebhooks), and little is gained before the last one.
 */
const MAX_OWN_ROOMS = 20;

/** The option for a room of its own for each call, even if nothing is recorded. */
export const ownRoomOption = switchField('default', 'Own Room', 'ownRoom', {
	default: true,
	description:
		"Whether to create a room for each call, which tells n8n at once when the call ends. Without this option, n8n does so if it has a public URL, there is no 'Room ID', and there are at most 20 items.",
});

/**
 * Reads the room of a conversation. To be recorded, it gets a room of its own, because a recording in it certainly belongs to it.
 *
 * @param hasOwnRoom whether the operation has the option 'Own Room', which is on if it isn't added
 * @throws NodeOperationError if a field cannot be used, or an existing room is combined with a recording or with a room of its own
 */
export function readRoom(read: ItemReader, hasOwnRoom = false): RoomChoice {
	const options = readOptions(read);
	const autoStartConfig = readRecording(read);
	const isOptional = !options.has(ownRoomOption);
	const isWorthIt = !isOptional || read.context.getInputData().length <= MAX_OWN_ROOMS;
	const takesOwnRoom = hasOwnRoom && options.flag(ownRoomOption) && isWorthIt;
	const roomId = readRoomId(options, roomIdOption);
	if (roomId === undefined) {
		if (autoStartConfig) return { body: { autoStartConfig } };
		return takesOwnRoom ? { body: {}, isOptional } : {};
	}
	if (autoStartConfig !== undefined) {
		throw read.fail(
			"'Room ID' can't be combined with 'Recording'",
			"Remove 'Room ID', and n8n creates a room for the recording. To record in a room of your own, set 'Recording' to 'None' here and choose it in Room: Create instead, then use Transcription: Get after the conversation.",
		);
	}
	if (takesOwnRoom && !isOptional) {
		throw read.fail(
			`'Room ID' can't be combined with '${ownRoomOption.displayName}'`,
			'Remove one of the two options.',
		);
	}
	return { roomId };
}

/**
 * Reads the room of a session, as `readRoom` does. The session's agent reads the room from ROOM_VARIABLE.
 *
 * @param env the environment variables of the session
 * @throws NodeOperationError also if `env` names a room already
 */
export function readSessionRoom(read: ItemReader, env: IDataObject | undefined): RoomChoice {
	const room = readRoom(read);
	const isLeftToAgent = room.roomId === undefined && room.body === undefined;
	if (isLeftToAgent || env === undefined || !(ROOM_VARIABLE in env)) return room;
	const field = room.body ? 'Recording' : 'Room ID';
	throw read.fail(
		`'Environment Variables' contains '${ROOM_VARIABLE}', but '${field}' already sets it`,
		room.body ? "Remove the variable, or set 'Recording' to 'None'." : 'Remove one of the two.',
	);
}
