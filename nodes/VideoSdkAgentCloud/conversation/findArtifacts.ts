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

/** Reads a text from the URL of its file. Throws UserError or NodeOperationError if the file can't be downloaded. */
export type ReadText = (url: string) => Promise<string>;

/** @returns the URL and length of a recording; undefined without a URL */
function fileOf({ file, start, end }: IDataObject): { value: string; weight: number } | undefined {
	if (!isRecord(file) || typeof file.fileUrl !== 'string' || file.fileUrl === '') return undefined;
	const duration = isRecord(file.meta) ? Number(file.meta.duration) : NaN;
	return { value: file.fileUrl, weight: duration || (msOf(end) - msOf(start)) / 1000 || 0 };
}

type FoundArtifact = Artifact | undefined;

/** Finds the longest recording. @returns undefined if the API lists none */
async function findRecording(send: Send, place: Place, atMs: number): Promise<FoundArtifact> {
	let rows = await ownRows(send, RECORDINGS.room, place);
	if (rows.length === 0) {
		rows = (await ownRows(send, RECORDINGS.merged, place)).filter((row) => isNamed(place, row));
	}
	const [longest] = rows
		.flatMap((row) => fileOf(row) ?? [])
		.sort((one, other) => other.weight - one.weight || (one.value < other.value ? 1 : -1));
	// Without a file, only a row with a status that isn't final may get one. If recordings go to the user's own storage, there is never a
	// URL.
	const mayCome = rows.some(
		(row) => fileOf(row) === undefined && row.status !== undefined && !hasStatus(row, FINAL_STATUSES),
	);
	if (longest) return { ...longest, mayCome: mayCome || endEarly(rows, place) };
	if (rows.length === 0) return undefined;
	const reason = mayCome ? "The recording isn't ready yet." : 'VideoSDK has no URL for the recording.';
	return { reason, mayCome, atMs };
}

/** Reads the text, or summary, of all transcriptions, in the order in which people talked. @returns undefined if there is none */
async function findText(
	{ rows, isMore, isUnknown }: Listed,
	name: 'summary' | 'transcript',
	readText: ReadText,
	atMs: number,
): Promise<FoundArtifact> {
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

/** Makes an artifact with a reason of a failure, because a later search may succeed. @throws the error if the execution was stopped */
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

/** Finds the reason why there is no artifact, if the API lists none. */
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
 * Searches once for the artifacts of a conversation that is over. It finds only those that are certainly its own: in a room that was
 * created for the conversation, all until its end; in any other room, those that name the same session of the room as the conversation's
 * record, if there was no other call in that session.
 *
 * @param names the artifacts to search for
 * @param atMs the present time, in ms since 1970
 * @param found is called for each artifact as soon as it's known
 * @throws only if the execution was stopped. A request that fails becomes an artifact with the reason
 */
export async function findArtifacts(
	send: Send,
	readText: ReadText,
	names: Includable[],
	place: Place,
	atMs: number,
	found: (name: Includable, artifact: Artifact) => void,
): Promise<void> {
	const where = place.roomId === '' ? 'its room' : `room ${place.roomId}`;
	const unclear = (why: string): Artifact => {
		const reason = `${why} To see everything in a room, use Recording: Get Many or Transcription: Get Many.`;
		return { reason, mayCome: false, atMs };
	};
	let others: Promise<boolean> | undefined;
	let rows: Promise<Listed> | undefined;
	const find = async (name: Includable): Promise<FoundArtifact> => {
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
			const artifact = await find(name)
				.then(async (one) => one ?? (await notThere(send, name, place, atMs)))
				.catch((error: unknown) => failedArtifact(error, atMs));
			found(name, artifact);
		}),
	);
}

/**
 * Finds out where a described call or session took place.
 *
 * @param own the room that was created for it alone, if there is one, and when it was over, in ms since 1970 by VideoSDK's clock
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
