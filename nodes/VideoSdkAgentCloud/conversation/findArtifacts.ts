import { NodeOperationError, UserError, type IDataObject } from 'n8n-workflow';
import { isRecord, msOf } from '../api/http/responseReaders';
import { failureOf, NO_TIME_LEFT, type Send } from '../api/http/client';
import { FileError } from '../api/files';
import { RECORDINGS } from '../api/recordings';
import { getRoom, recordingSetup } from '../api/rooms';
import { hasStatus } from '../api/sessions';
import { FINAL_STATUSES, textFileOf } from '../api/transcriptions';
import { endEarly, isNamed, isShared, type Listed, ownRows, ownTranscriptions, type Place } from './ownRows';
import { type Includable, NOT_IN_TIME, type Artifact } from './artifact';

/** Reads a text from the address of its file. Throws UserError or NodeOperationError if it cannot be had. */
export type ReadText = (url: string) => Promise<string>;

/** @returns the URL and length of a recording; undefined without a URL */
function fileOf({ file, start, end }: IDataObject): { value: string; weight: number } | undefined {
	if (!isRecord(file) || typeof file.fileUrl !== 'string' || file.fileUrl === '') return undefined;
	const duration = isRecord(file.meta) ? Number(file.meta.duration) : NaN;
	return { value: file.fileUrl, weight: duration || (msOf(end) - msOf(start)) / 1000 || 0 };
}

type Found = Artifact | undefined;

/** Finds the longest recording. @returns undefined if the API lists none */
async function findRecording(send: Send, place: Place, atMs: number): Promise<Found> {
	let rows = await ownRows(send, RECORDINGS.room, place);
	if (rows.length === 0) {
		rows = (await ownRows(send, RECORDINGS.merged, place)).filter((row) => isNamed(place, row));
	}
	const [longest] = rows
		.flatMap((row) => fileOf(row) ?? [])
		.sort((one, other) => other.weight - one.weight || (one.value < other.value ? 1 : -1));
	// A merged recording has a status, and no file before it is completed. With storage of one's own there is no URL at all.
	const mayCome = rows.some(
		(row) => fileOf(row) === undefined && row.status !== undefined && !hasStatus(row, FINAL_STATUSES),
	);
	if (longest) return { ...longest, mayCome: mayCome || endEarly(rows, place) };
	if (rows.length === 0) return undefined;
	const reason = mayCome ? "The recording isn't ready yet." : 'VideoSDK has no URL for the recording.';
	return { reason, mayCome, atMs };
}

/** Reads a text of all transcriptions, in the order in which people talked. @returns undefined if there is none */
async function findText(
	{ rows, isMore, isUnknown }: Listed,
	name: 'summary' | 'transcript',
	readText: ReadText,
	atMs: number,
): Promise<Found> {
	if (rows.length === 0) return undefined;
	const possible = rows.filter((row) => !hasStatus(row, ['failed']));
	if (possible.length === 0) {
		return { reason: "VideoSDK couldn't transcribe the conversation.", mayCome: false, atMs };
	}
	const urls = possible.flatMap((row) => textFileOf(row, name) ?? []);
	if (urls.length === 0) {
		const isPending = possible.some((row) => !hasStatus(row, FINAL_STATUSES));
		return isPending ? { reason: `The ${name} isn't ready yet.`, mayCome: true, atMs } : undefined;
	}
	const texts: string[] = [];
	for (const url of urls) texts.push(await readText(url));
	const value = texts.join('\n\n');
	const weight = value.length - (isUnknown ? 0.5 : 0);
	return { value, weight, mayCome: isMore || urls.length < possible.length };
}

/** Makes of a failure a reason: the next look may be right. A stop is no failure. */
function failedArtifact(error: unknown, atMs: number): Artifact {
	const failure = failureOf(error);
	if (failure?.kind === 'cancelled') throw error;
	const isInWords =
		failure !== undefined || error instanceof NodeOperationError || error instanceof UserError;
	const { message, cause = error } = error as Error;
	const mayCome = !(cause instanceof FileError) || cause.isPassing;
	const words = message === NO_TIME_LEFT ? NOT_IN_TIME : message;
	return { reason: isInWords ? words : `n8n couldn't look for it: ${message}`, mayCome, atMs };
}

/** Says why nothing is there of what the API does not list. */
async function notThere(send: Send, name: Includable, place: Place, atMs: number): Promise<Artifact> {
	const notYet = { reason: `The ${name} isn't ready yet.`, mayCome: true, atMs };
	if (place.hasOwnRoom || place.roomId === '') return notYet;
	const setup = recordingSetup(await getRoom(send, place.roomId));
	if (setup?.[name]) return notYet;
	const why = setup
		? `Room ${place.roomId} wasn't set up to create a ${name}.`
		: `Room ${place.roomId} has no ${name}. Either it isn't ready yet, or the room wasn't set up to create one.`;
	const reason = `${why} Before the conversation, set 'Recording' in the node that makes the call or creates the room. For the text of incoming calls, use Transcription: Start Realtime, then Transcription: Get.`;
	return { reason, mayCome: false, atMs };
}

/**
 * Looks once for what was said in a conversation that is over. Only what is certainly its own is found, never by comparing times: in
 * a room that was made for it, all until its end; else what names the same session of the room as its record does, if it was the only
 * call then.
 *
 * @param names what is wanted
 * @param atMs the time, in ms since 1970
 * @param found is called for each, as soon as it is known
 * @throws only when the execution was stopped: a request that fails is a part with the reason
 */
export async function findArtifacts(
	send: Send,
	readText: ReadText,
	names: Includable[],
	place: Place,
	atMs: number,
	found: (name: Includable, part: Artifact) => void,
): Promise<void> {
	const where = place.roomId === '' ? 'its room' : `room ${place.roomId}`;
	const unclear = (why: string): Artifact => {
		const reason = `${why} To see everything in a room, use Recording: Get Many or Transcription: Get Many.`;
		return { reason, mayCome: false, atMs };
	};
	let others: Promise<boolean> | undefined;
	let rows: Promise<Listed> | undefined;
	const find = async (name: Includable): Promise<Found> => {
		if (!place.hasOwnRoom) {
			if (!place.roomSessionId) {
				return unclear(
					`VideoSDK doesn't say which recording is of this conversation, and others may have used ${where}, too.`,
				);
			}
			others ??= isShared(send, place);
			if (await others) {
				return unclear(
					`Another call was in ${where} before everyone had left, so n8n can't tell whose recording is whose.`,
				);
			}
		}
		if (name === 'recording') return await findRecording(send, place, atMs);
		rows ??= ownTranscriptions(send, place);
		return await findText(await rows, name, readText, atMs);
	};
	await Promise.all(
		names.map(async (name) => {
			const part = await find(name)
				.then(async (one) => one ?? (await notThere(send, name, place, atMs)))
				.catch((error: unknown) => failedArtifact(error, atMs));
			found(name, part);
		}),
	);
}

/**
 * @param own the room that was made for it alone, if there is one, and when it was over, in ms since 1970 by VideoSDK's clock
 * @returns where a described call or session took place
 */
export function placeOf(record: IDataObject, own?: { roomId: string; endMs: number }): Place {
	return {
		roomId: String(record.roomId ?? ''),
		hasOwnRoom: own !== undefined,
		...(Boolean(record.roomSessionId) && {
			roomSessionId: String(record.roomSessionId),
			callId: String(record.callId),
		}),
		...own,
	};
}
