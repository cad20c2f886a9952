import { type IDataObject } from 'n8n-workflow';
import { isRecord } from './answer';
import { type Send } from './client';
import { listPages } from './pagination';
import { ROOM_SESSIONS } from './rooms';

/** A transcription that names no session starts this long after the conversation at most. */
const LATEST_START_MS = 30 * 60_000;
/** By so much the clocks of VideoSDK's services may differ. */
export const CLOCKS_APART_MS = 10_000;

/** Where a conversation took place. In the same room there may be others, of other people. */
export interface Place {
	roomId: string;
	/** The room's sessions, which are not the agent's: those of this conversation (several if someone had to join again), and others. */
	own: Set<string>;
	others: Set<string>;
	/** When the conversation began and ended, in ms; NaN if the API does not tell. */
	sinceMs: number;
	untilMs: number;
	/** The API does not list the room's sessions: only where the room had no more than one, what is there is of this conversation. */
	isUnlisted?: boolean;
}

/** @returns a time of the API in ms; NaN if it does not tell */
export const msOf = (time: unknown): number => Date.parse(String(time));

const configOf = ({ extension }: IDataObject): IDataObject =>
	isRecord(extension) && isRecord(extension.extensionConfig) ? extension.extensionConfig : {};
/** @returns the room's session that a recording or transcription is of; '' if it names none */
export const sessionIdOf = (row: IDataObject): string =>
	String(row.sessionId ?? configOf(row).sessionId ?? '');

/** @returns whether a recording or transcription is of this conversation and no other */
export function isOf({ roomId, own, others, sinceMs, untilMs }: Place, row: IDataObject): boolean {
	const rowRoomId = row.roomId ?? row.meetingId ?? configOf(row).roomId;
	const rowSessionId = sessionIdOf(row);
	if (rowRoomId && rowRoomId !== roomId) return false;
	if (rowSessionId && (own.size > 0 || others.has(rowSessionId))) return own.has(rowSessionId);
	// Recordings have no `start` in VideoSDK's docs. False as well if a time is not known.
	const startMs = msOf(row.start ?? row.createdAt);
	return startMs >= sinceMs && (rowSessionId !== '' || !(startMs > untilMs + LATEST_START_MS));
}

/** @returns whether a room's session was over before a conversation, or began after it */
function isApart({ start, end }: IDataObject, { sinceMs, untilMs }: Place): boolean {
	return msOf(start) > untilMs || msOf(end) < sinceMs;
}

/** @returns whether a room's session ran during a conversation for half of the shorter one at least; false if a time is not known */
function isDuring({ start, end }: IDataObject, { sinceMs, untilMs }: Place): boolean {
	const [startMs, endMs] = [msOf(start), end ? msOf(end) : Date.now()];
	const commonMs = Math.min(endMs, untilMs) - Math.max(startMs, sinceMs);
	return commonMs >= Math.min(endMs - startMs, untilMs - sinceMs) / 2;
}

/**
 * Finds the room's sessions that a conversation took place in. Each has times of its own: an agent's session begins when it is
 * queued, a call when it rings, and a room's session ends with the last one who leaves. In a room with one session, that is the one
 * unless it began before. Of several, those of the people before and after must not be taken.
 */
function ownOf(sessions: IDataObject[], place: Place): IDataObject[] {
	// Even the only session of a room may have been other people's.
	if (Number.isNaN(place.sinceMs)) return [];
	const possible = sessions.filter((session) => !isApart(session, place));
	const during = possible.filter((session) => isDuring(session, place));
	if (during.length > 0) return during;
	const startOf = ({ start }: IDataObject) => msOf(start);
	const later = possible.filter((session) => !(startOf(session) < place.sinceMs - CLOCKS_APART_MS));
	if (possible.length === 1) return later;
	// Without the time of the end, the first one that follows.
	return Number.isNaN(place.untilMs)
		? later.sort((one, other) => startOf(one) - startOf(other)).slice(0, 1)
		: [];
}

/** @returns the sessions of a room, by their IDs: those of a conversation, unless that is not certain, and the others */
export async function roomSessionsOf(send: Send, place: Place): Promise<Pick<Place, 'own' | 'others'>> {
	const sessions: IDataObject[] = [];
	for await (const { rows } of listPages(send, { ...ROOM_SESSIONS, qs: { roomId: place.roomId } })) {
		sessions.push(...rows);
		// What follows is older still, if the latest come first.
		const isLatestFirst = sessions.length > 1 && msOf(sessions[0]?.start) >= msOf(sessions.at(-1)?.start);
		if (isLatestFirst && rows.some(({ end }) => msOf(end) < place.sinceMs)) break;
	}
	const own = ownOf(sessions, place);
	const idsOf = (rows: IDataObject[]) => new Set(rows.map(({ id }) => String(id)));
	return { own: idsOf(own), others: idsOf(sessions.filter((session) => !own.includes(session))) };
}
