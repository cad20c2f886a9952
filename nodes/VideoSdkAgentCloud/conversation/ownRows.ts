import type { IDataObject } from 'n8n-workflow';
import { msOf, roomIdOf, startMsOf } from '../api/http/responseReaders';
import { CALLS } from '../api/calls';
import type { Send } from '../api/http/client';
import { listRecords, type ListRequest } from '../api/http/pagination';
import { RECORDINGS } from '../api/recordings';
import { configOf, isNotThere, TRANSCRIPTIONS } from '../api/transcriptions';

/** Where a conversation took place. Others may have used the room as well, and nothing of theirs may get into the output. */
export interface Place {
	/** The room's ID; empty if VideoSDK doesn't tell. */
	roomId: string;
	/** Whether the room was created for this conversation alone. */
	hasOwnRoom: boolean;
	/** The session of the room that the conversation's own record names. */
	roomSessionId?: string;
	/** The call's ID, because other calls may have taken place in the same session of the room. */
	callId?: string;
	/** When the conversation was over, in ms since 1970 by VideoSDK's clock. It's needed if the room is its own. */
	endMs?: number;
}

/** A recording that starts later than this after the conversation isn't its own, because someone may have come back to the room. */
const OWN_UNTIL_MS = 60_000;

function namesSession(row: IDataObject, roomSessionId?: string): boolean {
	const sessionId = String(row.sessionId ?? configOf(row).sessionId ?? '');
	return sessionId !== '' && sessionId === roomSessionId;
}

const roomOf = (row: IDataObject): unknown => roomIdOf(row) ?? configOf(row).roomId;

/** @returns whether a row names this room, or its session, because not every list is certain to be filtered by room */
export function isNamed({ roomId, roomSessionId }: Place, row: IDataObject): boolean {
	return roomOf(row) === roomId || namesSession(row, roomSessionId);
}

/** @returns whether another call took place in the same session of a room, so that its recordings can't be told apart */
export async function isShared(send: Send, { roomId, roomSessionId, callId }: Place): Promise<boolean> {
	const qs = { ...(roomId && { roomId }), sessionId: roomSessionId };
	const isOther = ({ roomSessionId: sessionId, callId: id, outcome }: IDataObject) =>
		sessionId === roomSessionId &&
		String(id).toLowerCase() !== callId?.toLowerCase() &&
		// In a call that wasn't answered, no one talked. One that failed counts, because it may have been cut off.
		!['noAnswer', 'rejected'].includes(String(outcome));
	return (await listRecords(send, { ...CALLS, qs }, 1, isOther)).length > 0;
}

/**
 * Decides whether a recording or transcription certainly belongs to this conversation.
 *
 * @param startMs when people began to talk in it, in ms since 1970; NaN: unknown
 */
function isOwn(
	{ roomId, hasOwnRoom, roomSessionId, endMs }: Place,
	row: IDataObject,
	startMs: number,
): boolean {
	const rowRoomId = roomOf(row);
	if (rowRoomId && roomId && rowRoomId !== roomId) return false;
	// A row without a time counts as early enough.
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
 * Finds the transcriptions of a conversation. A transcription may begin long after its recording has ended, so the start of the recording
 * counts as the time at which people began to talk.
 *
 * @returns `rows`, in the order in which people talked; `isUnknown`, whether that order isn't certain; `isMore`, whether the API may list
 *   more of them later
 */
export async function ownTranscriptions(send: Send, place: Place) {
	const everyone = { ...place, endMs: undefined };
	const rows = await ownRows(send, TRANSCRIPTIONS, everyone);
	const isOnlyOne = rows.length === 1 && !place.hasOwnRoom;
	if (rows.length === 0 || isOnlyOne) return { rows, isUnknown: false, isMore: false };
	/** Whether the order is unknown, because the recordings can't be fetched right now. */
	let isUnknown = false;
	/** Whether the project can't list recordings at all. */
	let isRefused = false;
	const recordings = await ownRows(send, RECORDINGS.room, everyone).catch((error: Error) => {
		// Without the recordings, transcriptions that began before the end are certain, because their recordings began even earlier.
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
	/** Whether only some of the recordings are transcribed so far. */
	const isMissing =
		ownRecordings.some((row) => transcribed.has(row)) && !ownRecordings.every((row) => transcribed.has(row));
	/** Whether a transcription was left out that may be the conversation's own. */
	const isCut = isRefused && own.length < rows.length;
	return { rows: own, isUnknown, isMore: isUnknown || isMissing || isCut || endEarly(ownRecordings, place) };
}

export type Listed = Awaited<ReturnType<typeof ownTranscriptions>>;
