import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { failureOf } from '../../api/client';
import { isPassing } from '../../api/failure';
import { pause } from '../../api/pause';
import { getRoom } from '../../api/rooms';
import {
	findTranscription,
	getTranscription,
	isReady,
	isTranscribed,
	textFileOf,
} from '../../api/transcriptions';
import { inputError } from '../../fields/inputError';
import { readMaxWaitMs } from '../../fields/maxWait';
import { readChoice, readCount, readFlag, readRequired } from '../../fields/read';
import { optionsField, readRequestOptions } from '../../fields/requestOptions';
import { DEFAULT_POLL_INTERVAL_S, GET_FIELDS } from '../../fields/transcription';
import type { ItemRun, Operation } from '../operation';
import { withFile } from '../withFile';

/** More than a day of speech. */
const MAX_TEXT_SIZE_MB = 10;
const PAUSE_GROWTH = 1.5;
const LONGEST_PAUSE_MS = 60_000;

const WHERE_TO_ARRANGE =
	"It must be arranged before the conversation: set 'Recording' to 'Record and Transcribe' in Room: Create, or with 'Room' set to 'Create a Room' in Session: Start. During the conversation, use Transcription: Start Realtime.";

/** Tells why a room has no transcription, as far as that is known. */
function noTranscription(
	context: IExecuteFunctions,
	roomId: string,
	arranged: boolean | undefined,
	itemIndex: number,
): Error {
	const notYet =
		"The recording is transcribed some time after the conversation: switch on 'Wait Until Ready'.";
	if (arranged === false) {
		return inputError(
			context,
			`No transcription was arranged for room ${roomId} before the conversation`,
			WHERE_TO_ARRANGE,
			itemIndex,
		);
	}
	return arranged
		? inputError(context, `Room ${roomId} has no transcription yet`, notYet, itemIndex)
		: inputError(
				context,
				`Room ${roomId} has no transcription: none was arranged before the conversation, or it is not there yet`,
				`${WHERE_TO_ARRANGE} ${notYet}`,
				itemIndex,
			);
}

function readGetBy(context: IExecuteFunctions, itemIndex: number): { roomId: string } | { id: string } {
	return readChoice(context, 'getBy', 'Get By', ['room', 'id'], itemIndex) === 'id'
		? { id: readRequired(context, 'transcriptionId', 'Transcription ID', itemIndex) }
		: { roomId: readRequired(context, 'roomId', 'Room ID', itemIndex) };
}

/** @returns how to wait; undefined: do not */
function readWait(
	context: IExecuteFunctions,
	itemIndex: number,
): { maxWaitMs: number; pauseMs: number } | undefined {
	if (!readFlag(context, 'waitUntilReady', 'Wait Until Ready', false, itemIndex)) return undefined;
	const interval = context.getNodeParameter('pollInterval', itemIndex, DEFAULT_POLL_INTERVAL_S);
	return {
		maxWaitMs: readMaxWaitMs(context, itemIndex),
		pauseMs: 1000 * readCount(context, interval, 'Poll Interval', itemIndex),
	};
}

function prepare(context: IExecuteFunctions, itemIndex: number): ItemRun {
	const target = readGetBy(context, itemIndex);
	const wait = readWait(context, itemIndex);
	const includesText = readFlag(context, 'includeText', 'Include Text', true, itemIndex);
	const { timeoutMs } = readRequestOptions(context, itemIndex);
	return async (send, { stopSignal, inTurn }) => {
		const readText = async (url: string) =>
			await inTurn(
				async () =>
					await withFile(
						context,
						itemIndex,
						url,
						{ timeoutMs, maxSizeMb: MAX_TEXT_SIZE_MB, stopSignal },
						async ({ stream }) => await context.helpers.binaryToString(stream, 'utf8'),
					),
			);
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

		const deadlineMs = Date.now() + (wait?.maxWaitMs ?? 0);
		let pauseMs = wait?.pauseMs ?? 0;
		/** Asked for once, when there is no transcription. */
		let room: { arranged?: boolean } | undefined;
		const find = async (): Promise<IDataObject | undefined> => {
			if ('id' in target) return await getTranscription(send, target.id);
			const found = await findTranscription(send, target.roomId);
			if (found === undefined && room === undefined) {
				room = { arranged: isTranscribed(await getRoom(send, target.roomId)) };
			}
			return found;
		};
		for (;;) {
			const isTimeUp = wait === undefined || Date.now() >= deadlineMs;
			const poll = await find().then(
				(found) => ({ found }),
				(error: object) => ({ error }),
			);
			if ('error' in poll) {
				if (isTimeUp || !isPassing(failureOf(poll.error))) throw poll.error;
			} else {
				const { found } = poll;
				if (found !== undefined && (wait === undefined || isReady(found))) return await withText(found);
				if (found !== undefined && isTimeUp) return { ...(await withText(found)), timedOut: true };
				if ('roomId' in target && found === undefined && (isTimeUp || room?.arranged === false)) {
					throw noTranscription(context, target.roomId, room?.arranged, itemIndex);
				}
			}
			await pause(Math.min(pauseMs, deadlineMs - Date.now()), stopSignal);
			pauseMs = Math.max(wait?.pauseMs ?? 0, Math.min(pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS));
		}
	};
}

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get transcription',
	description: 'Read what was said in a room, and its summary',
	fields: [...GET_FIELDS, optionsField()],
	prepare,
};
