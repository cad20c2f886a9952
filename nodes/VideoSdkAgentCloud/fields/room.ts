import { type IDataObject } from 'n8n-workflow';
import { type RoomBody } from '../api/rooms';
import { apiSessionId } from '../api/sessionId';
import { type Blank, type Field, optional, switchField, textField, type TextOf } from './kit/field';
import { type FieldReader, type ItemReader } from './kit/reader';
import { readRecording } from './recording';
import { readOptions } from './kit/requestOptions';

/** An existing room, by its own ID. */
export const roomIdField = textField('required', 'Room ID', 'roomId', {
	placeholder: 'e.g. abcd-efgh-ijkl',
	description: 'The <code>roomId</code> from Room: Create, Session: Start, or Call: Make',
});

/** A session of a room, from the first person in it to the last one out. */
export const roomSessionField = textField('refused', 'Session ID', 'sessionId', {
	placeholder: 'e.g. 65f1c2d3e4b5a69788a9b0c1',
	description:
		"The room session of the conversation: the <code>sessionId</code> of a room event, or the <code>roomSessionId</code> of a call. Leave empty for the room's latest one.",
});

/** Reads `roomSessionField`, or a filter of it. @throws NodeOperationError if an expression gives nothing */
export function readRoomSession(read: FieldReader, field = roomSessionField): string | undefined {
	const sessionId = read.text(field);
	return sessionId && apiSessionId(sessionId);
}

/** VideoSDK's own IDs have 14 characters; IDs that users give may be longer. */
const MAX_LENGTH = 128;
/** What an address, a JSON text, an expression in plain text, or an object in place of its ID have. */
const MALFORMED = /[\s/\\?#<>{}[\]"']|^(?:undefined|null|NaN)$/;

/**
 * Reads the ID of an existing room to which a session or a person is sent: with a wrong one the API lets them talk in a different
 * room, which no one records.
 *
 * @returns undefined if it was left empty and isn't required
 * @throws NodeOperationError as its policy says, if it cannot be a room's ID, or is a record's `id` where its `roomId` is meant
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
	/** Of an existing room. */
	roomId?: string;
	/** Of the room to create. */
	body?: RoomBody;
	/** No one asked for the room to create: it is left out where it can tell n8n nothing, or can't be had. */
	isOptional?: boolean;
}

/** The environment variable by which an agent knows the room to join (VideoSDK's agents framework). */
export const ROOM_VARIABLE = 'VIDEOSDK_ROOM_ID';

/** An existing room for a conversation. */
export const roomIdOption = optional(
	'refused',
	roomIdField,
	"The ID of an existing room to use for the conversation. People in one room hear each other. Can't be combined with 'Recording'.",
);

/** A room for each call, also where nothing is recorded. */
export const ownRoomOption = switchField('default', 'Own Room', 'ownRoom', {
	default: true,
	description:
		"Whether to create a room for each call, which tells n8n at once when the call ends. Without this option, n8n does so if it has a public URL and there is no 'Room ID'.",
});

/**
 * Reads the room of a conversation. What is recorded in a room of its own is certain to be of this conversation, and of no other.
 *
 * @param hasOwnRoom whether the operation has 'Own Room', which is on if it isn't added
 * @throws NodeOperationError if a field cannot be used, or an existing room is combined with a recording or with a room of its own
 */
export function readRoom(read: ItemReader, hasOwnRoom = false): RoomChoice {
	const options = readOptions(read);
	const autoStartConfig = readRecording(read);
	const isOwn = hasOwnRoom && options.flag(ownRoomOption);
	const isOptional = !options.has(ownRoomOption);
	const roomId = readRoomId(options, roomIdOption);
	if (roomId === undefined) {
		if (autoStartConfig) return { body: { autoStartConfig } };
		return isOwn ? { body: {}, isOptional } : {};
	}
	if (autoStartConfig !== undefined) {
		throw read.fail(
			"'Room ID' can't be combined with 'Recording'",
			"Remove 'Room ID', and n8n creates a room for the recording. To record in a room of your own, set 'Recording' to 'None' here and choose it in Room: Create instead, then use Transcription: Get after the conversation.",
		);
	}
	if (isOwn && !isOptional) {
		throw read.fail(
			`'Room ID' can't be combined with '${ownRoomOption.displayName}'`,
			'Remove one of the two options.',
		);
	}
	return { roomId };
}

/**
 * As `readRoom`, for a session, whose agent learns of the room by ROOM_VARIABLE.
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
