import { NodeOperationError, UserError, type IDataObject } from 'n8n-workflow';
import { isRecord } from './answer';
import { failureOf, type Send } from './client';
import { isPassing } from './failure';
import { FileError } from './fileStream';
import { listPages, listRecords, type ListRequest } from './pagination';
import { RECORDINGS } from './recordings';
import { getRoom, ROOM_SESSIONS } from './rooms';
import { hasStatus } from './sessions';
import { findTranscription, textFileOf, TRANSCRIPTIONS } from './transcriptions';

/** What may remain of a conversation, by the names that the field 'Include' has for it. */
export type Includable = 'recording' | 'summary' | 'transcript';

/** What there is now of what was asked for. */
export interface Included {
	/** To be added to the record of the call or session. */
	found: { recordingUrl?: string; summary?: string; transcript?: string };
	/** Why there is no more, in a sentence for the user, by name. */
	missing: Partial<Record<Includable, string>>;
	/** Those of the missing that may still come. */
	pending: Includable[];
}

/** One of those that were asked for: its value, or why there is none. */
type Part = { value: string } | { reason: string; mayCome: boolean };

/** Where a conversation took place. In the same room there may be others, of other people. */
interface Place {
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

const OUTPUT_FIELDS = { recording: 'recordingUrl', summary: 'summary', transcript: 'transcript' } as const;
const TEXT_FILES = { summary: 'summarizedFilePaths', transcript: 'transcriptionFilePaths' } as const;
/** A transcription that names no session starts this long after the conversation at most. */
const LATEST_START_MS = 30 * 60_000;
/** By so much the clocks of VideoSDK's services may differ. */
const CLOCKS_APART_MS = 10_000;
const WHERE_TO_ARRANGE = "Set 'Recording' in the node that creates the room, before the conversation.";

const msOf = (time: unknown): number => Date.parse(String(time));

const configOf = ({ extension }: IDataObject): IDataObject =>
	isRecord(extension) && isRecord(extension.extensionConfig) ? extension.extensionConfig : {};
/** @returns the room's session that a recording or transcription is of; '' if it names none */
const sessionIdOf = (row: IDataObject): string => String(row.sessionId ?? configOf(row).sessionId ?? '');

/** @returns whether a recording or transcription is of this conversation and no other */
function isOf({ roomId, own, others, sinceMs, untilMs }: Place, row: IDataObject): boolean {
	const rowRoomId = row.roomId ?? row.meetingId ?? configOf(row).roomId;
	const rowSessionId = sessionIdOf(row);
	if (rowRoomId && rowRoomId !== roomId) return false;
	if (rowSessionId && (own.size > 0 || others.has(rowSessionId))) return own.has(rowSessionId);
	const startMs = msOf(row.start);
	return !(startMs < sinceMs) && (rowSessionId !== '' || !(startMs > untilMs + LATEST_START_MS));
}

async function firstOf(send: Send, list: ListRequest, place: Place): Promise<IDataObject | undefined> {
	const qs = { roomId: place.roomId, sessionId: place.own.size === 1 ? [...place.own][0] : undefined };
	const isWanted = (row: IDataObject) => isOf(place, row);
	const rows = await listRecords(send, { ...list, qs }, place.isUnlisted ? Infinity : 1, isWanted);
	const isOfSeveral = new Set(rows.map(sessionIdOf)).size > 1;
	return isOfSeveral ? undefined : rows[0];
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
	const possible = sessions.filter((session) => !isApart(session, place));
	const during = possible.filter((session) => isDuring(session, place));
	if (during.length > 0) return during;
	const startOf = ({ start }: IDataObject) => msOf(start);
	const later = possible.filter((session) => !(startOf(session) < place.sinceMs - CLOCKS_APART_MS));
	if (possible.length === 1) return later;
	// Without the time of the end, the first one that follows.
	const isEndUnknown = Number.isNaN(place.untilMs) && !Number.isNaN(place.sinceMs);
	return isEndUnknown ? later.sort((one, other) => startOf(one) - startOf(other)).slice(0, 1) : [];
}

/** @returns the sessions of a room, by their IDs: those of a conversation, unless that is not certain, and the others */
async function roomSessionsOf(send: Send, place: Place): Promise<Pick<Place, 'own' | 'others'>> {
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

/** @returns whether a room's settings have a part of the recording; undefined if they say nothing */
function isArranged(name: Includable, { autoStartConfig }: IDataObject): boolean | undefined {
	if (!isRecord(autoStartConfig)) return undefined;
	const { recording } = autoStartConfig;
	if (!isRecord(recording)) return false;
	if (name === 'recording') return true;
	const { transcription } = recording;
	if (!isRecord(transcription) || transcription.enabled !== true) return false;
	return name === 'transcript' || (isRecord(transcription.summary) && transcription.summary.enabled === true);
}

/** Makes a request that several parts need be sent once. */
function once<T>(get: () => Promise<T>): () => Promise<T> {
	let result: Promise<T> | undefined;
	return async () => await (result ??= get());
}

/** Fetches a room's settings. @returns an empty record if the API does not show the room */
async function roomOf(send: Send, roomId: string): Promise<IDataObject> {
	return await getRoom(send, roomId).catch((error: object) => {
		const failure = failureOf(error);
		if (failure?.kind !== 'status' || isPassing(failure)) throw error;
		return {};
	});
}

/** Why something is not there that the API does not list. */
function notThere(name: Includable, roomId: string, room: IDataObject): Part {
	const arranged = isArranged(name, room);
	if (arranged) return { reason: `The ${name} isn't ready yet.`, mayCome: true };
	return arranged === false
		? { reason: `Room ${roomId} wasn't set up to create a ${name}. ${WHERE_TO_ARRANGE}`, mayCome: false }
		: {
				reason: `Room ${roomId} has no ${name}. Either it isn't ready yet, or the room wasn't set up to create one. ${WHERE_TO_ARRANGE}`,
				mayCome: true,
			};
}

/** @returns undefined if the API lists none */
async function findRecording(send: Send, place: Place): Promise<Part | undefined> {
	const row =
		(await firstOf(send, RECORDINGS.room, place)) ?? (await firstOf(send, RECORDINGS.merged, place));
	if (row === undefined) return undefined;
	const url = isRecord(row.file) ? row.file.fileUrl : undefined;
	if (typeof url === 'string' && url !== '') return { value: url };
	// A merged recording has a status, and no file before it is completed. With storage of one's own there is no URL at all.
	return row.status === undefined || hasStatus(row, ['completed', 'failed'])
		? { reason: 'VideoSDK has no URL for the recording.', mayCome: false }
		: { reason: "The recording isn't ready yet.", mayCome: true };
}

/** Finds the transcription of a conversation, which is the latest of its room unless there were others. */
async function transcriptionOf(send: Send, place: Place): Promise<IDataObject | undefined> {
	const latest = await findTranscription(send, place.roomId);
	if (latest === undefined || (isOf(place, latest) && !place.isUnlisted)) return latest;
	return await firstOf(send, TRANSCRIPTIONS, place);
}

/** Makes of a failure a reason, so that the call or session comes out all the same. A stop is no failure. */
function reasonOf(error: unknown): Part {
	const failure = failureOf(error as object);
	const isFileError = error instanceof NodeOperationError || error instanceof UserError;
	if ((failure === undefined && !isFileError) || failure?.kind === 'cancelled') throw error;
	// A file may follow its address a moment later.
	const mayCome = error instanceof FileError ? error.isPassing : failure === undefined || isPassing(failure);
	return { reason: (error as Error).message, mayCome };
}

/** @returns why there can be nothing, if that is clear without a request */
function reasonAtOnce(record: IDataObject): Part | undefined {
	const one = 'callId' in record ? 'call' : 'session';
	if (record.outcome === 'running') return { reason: `The ${one} hasn't ended yet.`, mayCome: true };
	// In its room someone else may have talked.
	if (record.answered === false) return { reason: "The call wasn't answered.", mayCome: false };
	return record.roomId
		? undefined
		: {
				reason: `VideoSDK doesn't say which room the ${one} took place in. Next time, set 'Room' to 'Create a Room'.`,
				mayCome: false,
			};
}

/**
 * Fetches what there is now of a conversation that is over. Nothing of another conversation in the same room comes out.
 *
 * @param readText gives the text of a file; throws UserError or NodeOperationError if it cannot be had
 * @param names what is wanted
 * @param record a call; or an agent's session, with the `roomId` of its room. As `describeCall` and `describeSession` make it
 * @throws only when the execution was stopped: a request that fails is told in `missing`
 */
export async function fetchIncluded(
	send: Send,
	readText: (url: string) => Promise<string>,
	names: Includable[],
	record: IDataObject,
): Promise<Included> {
	const place: Place = {
		roomId: String(record.roomId),
		own: new Set('callId' in record && record.sessionId ? [String(record.sessionId)] : []),
		others: new Set(),
		sinceMs: msOf(record.start),
		untilMs: msOf(record.end),
	};
	const room = once(async () => await roomOf(send, place.roomId));
	const latestTranscription = once(async () => await transcriptionOf(send, place));
	const find = async (name: Includable): Promise<Part | undefined> => {
		if (name === 'recording') return await findRecording(send, place);
		const transcription = await latestTranscription();
		const url = transcription && textFileOf(transcription, TEXT_FILES[name]);
		if (url) return { value: await readText(url) };
		if (transcription && hasStatus(transcription, ['failed'])) {
			return { reason: "VideoSDK couldn't transcribe the conversation.", mayCome: false };
		}
		return transcription && !hasStatus(transcription, ['completed'])
			? { reason: `The ${name} isn't ready yet.`, mayCome: true }
			: undefined;
	};
	const partOf = async (name: Includable): Promise<Part> =>
		(await find(name)) ?? notThere(name, place.roomId, await room());
	const included: Included = { found: {}, missing: {}, pending: [] };
	let atOnce = reasonAtOnce(record);
	if (atOnce === undefined && names.length > 0 && place.own.size === 0) {
		const sessions = await roomSessionsOf(send, place).catch(reasonOf);
		if ('own' in sessions) Object.assign(place, sessions);
		// Without them, what others said in the room later would come out.
		else if ('mayCome' in sessions && sessions.mayCome) atOnce = sessions;
		else place.isUnlisted = true;
	}
	for (const name of names) {
		const part = atOnce ?? (await partOf(name).catch(reasonOf));
		if ('value' in part) included.found[OUTPUT_FIELDS[name]] = part.value;
		else {
			included.missing[name] = part.reason;
			if (part.mayCome) included.pending.push(name);
		}
	}
	return included;
}
