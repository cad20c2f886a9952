import { type IDataObject } from 'n8n-workflow';
import { failureOf, type Send } from '../../api/client';
import { isPassing } from '../../api/failure';
import { getRoom, latestSession, recordingSetup, type RecordingSetup } from '../../api/rooms';
import {
	findTranscription,
	getTranscription,
	isNotThere,
	isReady,
	mayGetSummary,
	textFileOf,
} from '../../api/transcriptions';
import { readMaxWaitMs } from '../../fields/maxWait';
import { type ItemReader } from '../../fields/reader';
import { readRequestOptions } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/roomId';
import {
	GET_FIELDS,
	getByField,
	includeTextField,
	transcriptionIdField,
	waitUntilReadyField,
} from '../../fields/transcription';
import { lookUntil } from '../lookUntil';
import { type ItemRun, type Operation } from '../operation';
import { isTool } from '../../n8n/tool';
import { mayComeLater, textReader } from '../withFile';

const TOO_LARGE_ADVICE =
	"Turn off 'Include Text' and get the file with Recording: Download, from the URL in the output.";
/** After this time the API has a transcription of a conversation, if there is one. */
const TRANSCRIBED_WITHIN_MS = 15 * 60_000;

const WHERE_TO_ARRANGE =
	"Transcription has to be turned on before the conversation. In the node that makes the call, starts the session, or creates the room, set 'Recording' to 'Recording and Transcript'. To transcribe a conversation that's still going on, use Transcription: Start Realtime.";

/** What is known of a room. */
type Room = Partial<RecordingSetup> & { isUnknown?: boolean };

/** Says why a room has no transcription, as far as that is known. */
function noTranscription(read: ItemReader, roomId: string, room: Room, hasWaited: boolean): Error {
	const notYet = hasWaited
		? "It still wasn't there when 'Max Wait' was reached. Increase 'Max Wait', or try again later."
		: "VideoSDK transcribes the recording a few minutes after the conversation. Try again then, or turn on 'Wait Until Ready'.";
	const [what, nextStep] =
		room.transcript === false
			? [`Transcription wasn't turned on for room ${roomId} before the conversation`, WHERE_TO_ARRANGE]
			: room.transcript
				? [`Room ${roomId} has no transcription yet`, notYet]
				: room.isUnknown
					? [
							`Room ${roomId} has no transcription, and VideoSDK can't find a room with this ID`,
							"Check 'Room ID'. Use the roomId that Room: Create, Session: Start or Call: Make outputs.",
						]
					: [
							`Room ${roomId} has no transcription. It wasn't turned on before the conversation, or it isn't ready yet`,
							`${WHERE_TO_ARRANGE} ${notYet}`,
						];
	return read.fail(what, nextStep);
}

function readGetBy(read: ItemReader): { roomId: string } | { id: string } {
	return read.choice<'room' | 'id'>(getByField) === 'id'
		? { id: read.text(transcriptionIdField) }
		: { roomId: read.text(roomIdField) };
}

/** @returns how long to wait, in ms; undefined: do not, as a tool of an AI agent, which can't */
function readWaitMs(read: ItemReader): number | undefined {
	return !isTool(read.context) && read.flag(waitUntilReadyField) ? readMaxWaitMs(read) : undefined;
}

/** Asks a room how it is recorded. Only messages and the wait for a summary depend on it, so it never fails. */
async function lookUpRoom(send: Send, roomId: string): Promise<Room> {
	return await getRoom(send, roomId)
		.then((room) => recordingSetup(room) ?? {})
		.catch((error: object) => ({ isUnknown: isNotThere(error) }));
}

function prepare(read: ItemReader): ItemRun {
	const target = readGetBy(read);
	const maxWaitMs = readWaitMs(read);
	const includesText = read.flag(includeTextField);
	const { timeoutMs } = readRequestOptions(read);
	return async (send, tools) => {
		const { stopSignal } = tools;
		const readText = textReader(read, timeoutMs, tools, TOO_LARGE_ADVICE);
		const withText = async (transcription: IDataObject): Promise<IDataObject> => {
			if (!includesText) return transcription;
			const textUrl = textFileOf(transcription, 'transcriptionFilePaths');
			const summaryUrl = textFileOf(transcription, 'summarizedFilePaths');
			return {
				...transcription,
				...(textUrl !== undefined && { text: await readText(textUrl) }),
				...(summaryUrl !== undefined && { summary: await readText(summaryUrl) }),
			};
		};
		/** Looked up once, when something depends on it. */
		let room: Room | undefined;
		const isComplete = async (transcription: IDataObject): Promise<boolean> => {
			if (!isReady(transcription)) return false;
			const roomId = 'roomId' in target ? target.roomId : transcription.roomId;
			if (!mayGetSummary(transcription) || typeof roomId !== 'string') return true;
			room ??= await lookUpRoom(send, roomId);
			return room.summary !== true;
		};

		/** In a room that is used again, the former conversation's is there until the latest one is transcribed. */
		const isFormer = async ({ sessionId }: IDataObject): Promise<boolean> => {
			if (!('roomId' in target) || sessionId === undefined) return false;
			const latest = await latestSession(send, target.roomId).catch(() => undefined);
			if (latest === undefined || latest.id === sessionId) return false;
			// One that is long over has left no transcription: someone looked in.
			return !(Date.parse(String(latest.end)) < Date.now() - TRANSCRIBED_WITHIN_MS);
		};

		/** @returns the output; undefined if it is too early for it */
		const poll = async (isTimeUp: boolean): Promise<IDataObject | undefined> => {
			const found =
				'id' in target
					? await getTranscription(send, target.id)
					: await findTranscription(send, target.roomId);
			if (found !== undefined) {
				const isDone = maxWaitMs === undefined || ((await isComplete(found)) && !(await isFormer(found)));
				if (isDone) return await withText(found);
				return isTimeUp ? { ...(await withText(found)), timedOut: true } : undefined;
			}
			if ('id' in target) return undefined;
			room ??= await lookUpRoom(send, target.roomId);
			if (isTimeUp || room.transcript === false) {
				throw noTranscription(read, target.roomId, room, maxWaitMs !== undefined);
			}
			return undefined;
		};
		const mayPass = (error: Error) => isPassing(failureOf(error)) || mayComeLater(error);

		const output = await lookUntil(
			async (isLast) =>
				await poll(isLast).catch(async (error: Error) =>
					isLast || !mayPass(error) ? await Promise.reject(error) : undefined,
				),
			maxWaitMs ?? 0,
			stopSignal,
		);
		return output as IDataObject;
	};
}

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get transcription',
	description: "Retrieve the transcript and summary of a room's conversation",
	fields: GET_FIELDS,
	prepare,
};
