import type { IDataObject } from 'n8n-workflow';
import { msOf, roomIdOf, startMsOf } from '../api/http/responseReaders';
import { CALLS } from '../api/calls';
import type { Send } from '../api/http/client';
import { listRecords, type ListRequest } from '../api/http/pagination';
import { RECORDINGS } from '../api/recordings';
import { configOf, isNotThere, TRANSCRIPTIONS } from '../api/transcriptions';

/** Where a conversation took place. Others may have used the room, too, and nothing of theirs may be in the output. */
export interface Place {
	/** Empty: VideoSDK does not tell. */
	roomId: string;
	/** The room was made for this conversation alone. */
	hasOwnRoom: boolean;
	/** The room's session, as the conversation's own record names it. */
	roomSessionId?: string;
	/** The call, since others may have taken place in the same session of the room. */
	callId?: string;
	/** When the conversation was over, in ms since 1970 by VideoSDK's clock. Needed in a room of its own. */
	endMs?: number;
}

/** What starts later in a room of one's own is of someone who came back to it. */
const OWN_UNTIL_MS = 60_000;

function namesSession(row: IDataObject, roomSessionId?: string): boolean {
	const sessionId = String(row.sessionId ?? configOf(row).sessionId ?? '');
	return sessionId !== '' && sessionId === roomSessionId;
}

const roomOf = (row: IDataObject): unknown => roomIdOf(row) ?? configOf(row).roomId;

/** @returns whether a row says where it was recorded, and that's here. Not every list is sure to be filtered by room */
export function isNamed({ roomId, roomSessionId }: Place, row: IDataObject): boolean {
	return roomOf(row) === roomId || namesSession(row, roomSessionId);
}

/** @returns whether another call took place in the same session of a room, so that no one can tell whose recordings these are */
export async function isShared(send: Send, { roomId, roomSessionId, callId }: Place): Promise<boolean> {
	const qs = { ...(roomId && { roomId }), sessionId: roomSessionId };
	const isOther = ({ roomSessionId: sessionId, callId: id, outcome }: IDataObject) =>
		sessionId === roomSessionId &&
		String(id).toLowerCase() !== callId?.toLowerCase() &&
		// No one talked in a call that wasn't answered. One that failed may have been cut off.
		!['noAnswer', 'rejected'].includes(String(outcome));
	return (await listRecords(send, { ...CALLS, qs }, 1, isOther)).length > 0;
}

/**
 * @param startMs when its people began to talk, in ms since 1970; NaN: unknown
 * @returns whether a recording or transcription is certainly of this conversation and no other
 */
function isOwn(
	{ roomId, hasOwnRoom, roomSessionId, endMs }: Place,
	row: IDataObject,
	startMs: number,
): boolean {
	const rowRoomId = roomOf(row);
	if (rowRoomId && roomId && rowRoomId !== roomId) return false;
	// What has no time started early enough.
	if (hasOwnRoom) return !(startMs > (endMs ?? NaN) + OWN_UNTIL_MS);
	return namesSession(row, roomSessionId);
}

/** @returns the rows of a list that are certainly the conversation's own */
export async function ownRows(send: Send, list: ListRequest, place: Place): Promise<IDataObject[]> {
	const qs = {
		...(place.roomId && { roomId: place.roomId }),
		...(!place.hasOwnRoom && { sessionId: place.roomSessionId }),
	};
	return await listRecords(send, { ...list, qs }, Infinity, (row) => isOwn(place, row, startMsOf(row)));
}

/** @returns whether all recordings ended before the conversation did, so that the last one may not be listed yet */
export function endEarly(recordings: IDataObject[], { endMs = NaN }: Place): boolean {
	return recordings.length > 0 && recordings.every(({ end }) => msOf(end) < endMs - OWN_UNTIL_MS);
}

/**
 * A transcription may begin long after its recording has ended, so the start of the recording is when people began to talk.
 *
 * @returns the conversation's transcriptions in the order in which people talked, whether that order isn't certain, and whether more
 * may be listed later
 */
export async function ownTranscriptions(send: Send, place: Place) {
	const everyone = { ...place, endMs: undefined };
	const rows = await ownRows(send, TRANSCRIPTIONS, everyone);
	const isOnlyOne = rows.length === 1 && !place.hasOwnRoom;
	if (rows.length === 0 || isOnlyOne) return { rows, isUnknown: false, isMore: false };
	let isUnknown = false;
	let isRefused = false;
	const recordings = await ownRows(send, RECORDINGS.room, everyone).catch((error: Error) => {
		// A transcription that began by then is of a recording that began by then, too.
		const { endMs = NaN } = place;
		isRefused = isNotThere(error);
		isUnknown = !isRefused && rows.every((row) => startMsOf(row) <= endMs + OWN_UNTIL_MS);
		if (isRefused || isUnknown) return [];
		throw error;
	});
	const recordingOf = ({ recordingId }: IDataObject) =>
		recordings.find(({ id }) => id !== undefined && id === recordingId);
	const startMs = (row: IDataObject) => startMsOf(recordingOf(row) ?? row);
	const isCertain = (row: IDataObject) => !recordingOf(row) && namesSession(row, place.roomSessionId);
	const own = rows
		.filter((row) => isOwn(place, row, startMs(row)) || isCertain(row))
		.sort((one, other) => (startMs(one) || 0) - (startMs(other) || 0));
	const transcribed = new Set(own.map(recordingOf));
	const ownRecordings = recordings.filter((row) => isOwn(place, row, startMsOf(row)));
	const isMissing =
		ownRecordings.some((row) => transcribed.has(row)) && !ownRecordings.every((row) => transcribed.has(row));
	// What was left out may be its own.
	const isCut = isRefused && own.length < rows.length;
	return { rows: own, isUnknown, isMore: isUnknown || isMissing || isCut || endEarly(ownRecordings, place) };
}

/** What was found, and whether more of it may be listed later. */
export type Listed = Awaited<ReturnType<typeof ownTranscriptions>>;
