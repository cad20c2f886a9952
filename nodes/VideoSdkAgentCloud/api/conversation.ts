import { NodeOperationError, UserError, type IDataObject } from 'n8n-workflow';
import { isRecord } from './answer';
import { failureOf, type Send } from './client';
import { isPassing } from './failure';
import { FileError } from './fileStream';
import { listRecords, type ListRequest } from './pagination';
import { isOf, msOf, type Place, roomSessionsOf, sessionIdOf } from './place';
import { RECORDINGS } from './recordings';
import { getRoom } from './rooms';
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

const OUTPUT_FIELDS = { recording: 'recordingUrl', summary: 'summary', transcript: 'transcript' } as const;
const TEXT_FILES = { summary: 'summarizedFilePaths', transcript: 'transcriptionFilePaths' } as const;
const WHERE_TO_ARRANGE = "Choose it in 'Recording' before the conversation.";

/** @returns when a call or session began, in ms; NaN if the API tells nothing of the kind */
function beganMs({ start, createdAt, timelog }: IDataObject): number {
	const [first] = Array.isArray(timelog) ? (timelog as unknown[]) : [];
	const times = [start, createdAt, isRecord(first) ? first.timestamp : undefined].map(msOf);
	return times.find((ms) => !Number.isNaN(ms)) ?? NaN;
}

async function firstOf(send: Send, list: ListRequest, place: Place): Promise<IDataObject | undefined> {
	const qs = { roomId: place.roomId, sessionId: place.own.size === 1 ? [...place.own][0] : undefined };
	const isWanted = (row: IDataObject) => isOf(place, row);
	const rows = await listRecords(send, { ...list, qs }, place.isUnlisted ? Infinity : 1, isWanted);
	const isOfSeveral = new Set(rows.map(sessionIdOf)).size > 1;
	return isOfSeveral ? undefined : rows[0];
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
	if (one === 'session' && record.outcome === 'failed' && !record.end) {
		return { reason: 'The session failed.', mayCome: false };
	}
	if (record.answered === false) return { reason: "The call wasn't answered.", mayCome: false };
	return record.roomId
		? undefined
		: {
				reason: `VideoSDK doesn't say which room the ${one} took place in. Next time, choose what to keep in 'Recording'.`,
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
		sinceMs: beganMs(record),
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
