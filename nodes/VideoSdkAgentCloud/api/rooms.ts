import type { IDataObject } from 'n8n-workflow';
import { asRecord, isRecord, latestOf, pick, recordWith, roomIdOf } from './http/responseReaders';
import type { ApiRequest, Send } from './http/client';
import { listRecords, type ListRequest } from './http/pagination';
import type { SessionWebhook } from './sessions';

/** The number of a room's sessions that are read to find the latest one. */
const MAX_SESSIONS = 100;

/** What a room starts automatically once someone is in it. A summary needs a transcription, which needs a recording. */
export interface AutoStartConfig extends IDataObject {
	recording: { transcription?: { enabled: true; summary?: { enabled: true; prompt?: string } } };
}

/** The body of a new room. Undefined fields are not sent. */
export interface RoomBody {
	/** The room's own ID, for which the API always returns the same room. */
	customRoomId?: string;
	/** The webhook for the room's events, which can't be changed later. */
	webhook?: SessionWebhook;
	autoStartConfig?: AutoStartConfig;
}

const ROOT = ['v2', 'rooms'];
const readRoom = recordWith(['roomId']);
/** VideoSDK's SDK (@videosdk.live/server-sdk) also reads both names. */
const readSession = recordWith(['roomId', 'meetingId'], (session) => ({
	...session,
	roomId: roomIdOf(session),
}));

/** Creates a room that the user wants. The request is sent once: see `retryDelay`. */
export async function createRoom(send: Send, body: RoomBody): Promise<IDataObject> {
	return await send({ method: 'POST', path: ROOT, body: { ...body }, starts: 'room' }, readRoom);
}

/**
 * Creates a room for a conversation. With a `customRoomId`, the request may be repeated, because the API then returns the same room
 * (@videosdk.live/server-sdk 0.1.1, RoomsResource.create).
 *
 * @param limits how long and how often to try. Default: as for all requests
 */
export async function createOwnRoom(
	send: Send,
	body: RoomBody,
	limits: Pick<ApiRequest, 'maxAttempts' | 'timeoutMs'> = {},
): Promise<IDataObject> {
	const isRepeatable = body.customRoomId !== undefined;
	return await send(
		{ method: 'POST', path: ROOT, body: { ...body }, starts: 'room', isRepeatable, ...limits },
		readRoom,
	);
}

/** Fetches a room. @param roomId the room's own or its custom ID */
export async function getRoom(send: Send, roomId: string): Promise<IDataObject> {
	return await send({ method: 'GET', path: [...ROOT, roomId] }, readRoom);
}

/**
 * Closes a room permanently.
 *
 * @param roomId the room's own ID, because the API answers 402 for a custom one
 */
export async function deactivateRoom(send: Send, roomId: string): Promise<IDataObject> {
	return await send({ method: 'POST', path: [...ROOT, 'deactivate'], body: { roomId } }, readRoom);
}

/** Ends a room's session, which disconnects everyone. @returns the session */
export async function endRoomSession(send: Send, roomId: string): Promise<IDataObject> {
	return await send({ method: 'POST', path: ['v2', 'sessions', 'end'], body: { roomId } }, readSession);
}

/** All rooms of the project. */
export const ROOMS: ListRequest = { path: ROOT, idFields: ['roomId'] };

/** The fields of a simplified room. The webhook isn't one, because whoever knows a trigger's URL can send requests to it. */
const SIMPLIFIED_FIELDS = ['roomId', 'customRoomId', 'disabled', 'autoStartConfig', 'createdAt', 'updatedAt'];

/** @returns the room with the fields of SIMPLIFIED_FIELDS that it has */
export function simplifyRoom(room: IDataObject): IDataObject {
	return pick(room, SIMPLIFIED_FIELDS);
}

/** @returns the ID of a room's latest session, which lasts from the first person in it to the last one out; undefined if there is none */
export async function latestSessionId(send: Send, roomId: string): Promise<string | undefined> {
	const sessions = await listRecords(send, { path: ['v2', 'sessions'], qs: { roomId } }, MAX_SESSIONS);
	const { id } = latestOf(sessions) ?? {};
	return id === undefined ? undefined : String(id);
}

/** Which artifacts the recording of a room makes. */
export type RecordingSetup = Record<'recording' | 'summary' | 'transcript', boolean>;

/** @returns how a room is recorded; undefined if its record doesn't say */
export function recordingSetup({ autoStartConfig }: IDataObject): RecordingSetup | undefined {
	const { recording } = asRecord(autoStartConfig);
	if (!isRecord(recording)) return undefined;
	const { enabled, summary } = asRecord(recording.transcription);
	const transcript = enabled === true;
	return { recording: true, transcript, summary: transcript && asRecord(summary).enabled === true };
}
