import { type IDataObject } from 'n8n-workflow';
import { pollUntil } from '../pollUntil';
import { type ItemRun, type Operation } from '../operation';
import { textReader } from '../itemFiles';
import { latestOf } from '../../api/http/responseReaders';
import { failureOf, type Send } from '../../api/http/client';
import { isPassing, NOT_FOUND_STATUSES } from '../../api/http/failure';
import { getRoom, latestSessionId, recordingSetup, type RecordingSetup } from '../../api/rooms';
import {
	getTranscription,
	isNotThere,
	isReady,
	mayGetSummary,
	REALTIME_TRANSCRIPTIONS,
	textFileOf,
	TRANSCRIPTIONS,
} from '../../api/transcriptions';
import { ownRows } from '../../conversation/ownRows';
import { choiceField, switchField, textField } from '../../fields/kit/field';
import { maxWaitField, maxWaitUnitField, readMaxWaitMs } from '../../fields/maxWait';
import { type ItemReader } from '../../fields/kit/reader';
import { readRoomId, readRoomSession, roomIdField, roomSessionField } from '../../fields/room';
import { isTool } from '../../n8n/tool';

/** Shows a field if the operation waits, which it doesn't as a tool of an AI agent. */
const WHEN_WAITING = { show: { waitUntilReady: [true] }, hide: { '@tool': [true] } };

const WHEN_BY_ROOM = { show: { getBy: ['room'] } };

const getByField = choiceField('default', 'Get By', 'getBy', {
	// With an expression, n8n would show both ID fields, and require both.
	noDataExpression: true,
	options: [
		{
			name: 'Room',
			value: 'room',
			description:
				"The transcription of a room's conversation: from its recording if there is one, otherwise the realtime one",
		},
		{ name: 'Transcription ID', value: 'id' },
	],
	default: 'room',
});

const transcriptionIdField = textField('required', 'Transcription ID', 'transcriptionId', {
	placeholder: 'e.g. 65f1c2d3e4b5a69788a9b0c1',
	description: 'The ID of the transcription, from Transcription: Get Many or a transcription event',
	displayOptions: { show: { getBy: ['id'] } },
});

const includeTextField = switchField('default', 'Include Text', 'includeText', {
	default: true,
	description:
		'Whether to include what was said as <code>text</code> and the summary as <code>summary</code>',
});

const waitUntilReadyField = switchField('default', 'Wait Until Ready', 'waitUntilReady', {
	default: true,
	description:
		'Whether to wait until VideoSDK has transcribed the conversation. Until then, the execution stays at this node and counts as running.',
	displayOptions: { hide: { '@tool': [true] } },
});

const MAX_WAIT_DESCRIPTION =
	"How long to wait for the transcription. If it isn't ready by then, the output has <code>timedOut</code>. If there's none at all, the node fails.";

const OUTPUT_NAMES = { transcript: 'text', summary: 'summary' } as const;

const WHERE_TO_ARRANGE =
	"Transcription has to be turned on before the conversation. In the node that makes the call, starts the session, or creates the room, set 'Recording' to 'Recording and Transcript'. To transcribe a conversation that's still going on, use Transcription: Start Realtime.";

/** Makes the error for a room without a transcription. @param isOff whether the room's record says that nothing transcribes it */
function noTranscription(read: ItemReader, roomId: string, isOff: boolean): Error {
	return isOff
		? read.fail(`Transcription wasn't turned on for room ${roomId} before the conversation`, WHERE_TO_ARRANGE)
		: read.fail(
				`Room ${roomId} has no transcription of this conversation yet`,
				`Check 'Room ID'. VideoSDK transcribes the recording a few minutes after the conversation: try again then, or turn on 'Wait Until Ready' with a longer 'Max Wait'. To get an earlier conversation's, enter its 'Session ID'. ${WHERE_TO_ARRANGE}`,
			);
}

/**
 * Fetches how a room is recorded. Its failures are ignored, because only a message and the wait for a summary depend on it.
 *
 * @param mustExist whether to throw if VideoSDK doesn't know the room
 * @returns undefined if the next request may succeed
 */
async function lookUpRoom(
	send: Send,
	roomId: string,
	mustExist = false,
): Promise<Partial<RecordingSetup> | undefined> {
	return await getRoom(send, roomId).then(
		(room) => recordingSetup(room) ?? {},
		(error: Error) => {
			const failure = failureOf(error);
			if (mustExist && NOT_FOUND_STATUSES.includes(failure?.status ?? 0)) throw error;
			return isPassing(failure) ? undefined : {};
		},
	);
}

/**
 * Finds the transcription of a room's session. Transcriptions without a session are skipped, since they may be of another conversation.
 *
 * @param sessionId the ID of the room's session
 * @returns the latest one; undefined if there is none yet
 */
async function findOwn(send: Send, roomId: string, sessionId: string): Promise<IDataObject | undefined> {
	const place = { roomId, hasOwnRoom: false, roomSessionId: sessionId };
	const recorded = await ownRows(send, TRANSCRIPTIONS, place);
	if (recorded.length > 0) return latestOf(recorded);
	const live = await ownRows(send, REALTIME_TRANSCRIPTIONS, place).catch((error: Error) => {
		if (isNotThere(error)) return [];
		throw error;
	});
	return latestOf(live);
}

function prepare(read: ItemReader): ItemRun {
	const isById = read.choice(getByField) === 'id';
	const target = isById ? { id: read.text(transcriptionIdField) } : { roomId: readRoomId(read, roomIdField) };
	let sessionId = isById ? undefined : readRoomSession(read);
	/** Undefined: the operation doesn't wait, as it can't as a tool of an AI agent. */
	const maxWaitMs = !isTool(read.context) && read.flag(waitUntilReadyField) ? readMaxWaitMs(read) : undefined;
	const includesText = read.flag(includeTextField);
	return async (send, tools) => {
		const readText = textReader(read, tools);
		const withText = async (transcription: IDataObject): Promise<IDataObject> => {
			if (!includesText) return transcription;
			const texts: IDataObject = {};
			for (const name of ['transcript', 'summary'] as const) {
				const url = textFileOf(transcription, name);
				if (url !== undefined) texts[OUTPUT_NAMES[name]] = await readText(url);
			}
			return { ...transcription, ...texts };
		};
		/** The room's setup, which is fetched once, when something depends on it. */
		let room: Partial<RecordingSetup> | undefined;
		const isComplete = async (transcription: IDataObject): Promise<boolean> => {
			if (!isReady(transcription)) return false;
			const roomId = target.roomId ?? transcription.roomId;
			if (!mayGetSummary(transcription) || typeof roomId !== 'string') return true;
			room ??= await lookUpRoom(send, roomId);
			return room !== undefined && room.summary !== true;
		};

		/** Finds the room's transcription. The session stays the one that was the latest at first, because another may begin meanwhile. */
		const findInRoom = async (roomId: string): Promise<IDataObject | undefined> => {
			sessionId ??= await latestSessionId(send, roomId);
			return sessionId === undefined ? undefined : await findOwn(send, roomId, sessionId);
		};

		/** @returns the output; undefined if the transcription isn't ready yet */
		const poll = async (isTimeUp: boolean): Promise<IDataObject | undefined> => {
			const found =
				target.id === undefined ? await findInRoom(target.roomId) : await getTranscription(send, target.id);
			if (found !== undefined) {
				const isDone = maxWaitMs === undefined || (await isComplete(found));
				if (isDone) return await withText(found);
				return isTimeUp ? { ...(await withText(found)), timedOut: true } : undefined;
			}
			if (target.id !== undefined) return undefined;
			room ??= await lookUpRoom(send, target.roomId, !isTimeUp);
			const isOff = room?.transcript === false;
			if (isTimeUp || isOff) throw noTranscription(read, target.roomId, isOff);
			return undefined;
		};
		return (await pollUntil(poll, maxWaitMs ?? 0, tools.pause)) as IDataObject;
	};
}

export const operation: Operation = {
	value: 'get',
	action: 'Get transcription',
	description: "Retrieve the transcript and summary of a room's conversation",
	fields: [
		getByField,
		{ ...roomIdField, displayOptions: WHEN_BY_ROOM },
		{ ...roomSessionField, displayOptions: WHEN_BY_ROOM },
		transcriptionIdField,
		includeTextField,
		waitUntilReadyField,
		{ ...maxWaitField, description: MAX_WAIT_DESCRIPTION, displayOptions: WHEN_WAITING },
		{ ...maxWaitUnitField, displayOptions: WHEN_WAITING },
	],
	prepare,
};
