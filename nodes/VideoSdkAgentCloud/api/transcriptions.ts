import type { IDataObject } from 'n8n-workflow';
import { asRecord, pick, recordWith } from './http/responseReaders';
import { failureOf, type Send } from './http/client';
import type { ListRequest } from './http/pagination';
import { hasStatus } from './sessions';

/** The statuses of transcriptions that have ended. The API's docs list no statuses, so an unknown one isn't final. */
export const FINAL_STATUSES = ['completed', 'failed'];

/** The body of a realtime transcription. Undefined fields are not sent. */
export interface RealtimeBody {
	roomId: string;
	/** The language as a BCP 47 tag, such as `en-US`. */
	language?: string;
	webhookUrl?: string;
	summary?: { enabled: true; prompt: string };
}

const POST = ['ai', 'v1', 'post-transcriptions'];
const REALTIME = ['ai', 'v1', 'realtime-transcriptions'];
const KEYS = ['transcriptions', 'data'];
const readTranscription = recordWith(['id'], withRoom);

/** The transcriptions of recordings. The filters are `roomId`, and `sessionId` of the room's session. */
export const TRANSCRIPTIONS: ListRequest = { path: POST, keys: KEYS };

/** The transcriptions that were made while people talked. Docs and SDK disagree on whether the API filters them by room. */
export const REALTIME_TRANSCRIPTIONS: ListRequest = { path: REALTIME, keys: KEYS, toRecord: withRoom };

/** @returns the object in which a realtime transcription has its room and the room's session (@videosdk.live/server-sdk) */
export function configOf({ extension }: IDataObject): IDataObject {
	return asRecord(asRecord(extension).extensionConfig);
}

/** Copies the room and its session to where transcriptions of recordings have them. */
function withRoom(transcription: IDataObject): IDataObject {
	return { ...pick(configOf(transcription), ['roomId', 'sessionId']), ...transcription };
}

/** Starts transcribing a room, which must have a live session. */
export async function startRealtime(send: Send, body: RealtimeBody): Promise<IDataObject> {
	const path = [...REALTIME, 'start'];
	return await send({ method: 'POST', path, body: { ...body }, starts: 'transcription' }, readTranscription);
}

/** Stops the realtime transcription of a room. */
export async function stopRealtime(send: Send, roomId: string): Promise<IDataObject> {
	return await send({ method: 'POST', path: [...REALTIME, 'end'], body: { roomId } }, readTranscription);
}

/** @returns whether an error says that the ID is unknown, or that the project doesn't have this part of the API */
export function isNotThere(error: object): boolean {
	return [400, 402, 403, 404].includes(failureOf(error)?.status ?? 0);
}

/** Fetches a transcription of a recording, or a realtime one, because an ID doesn't tell which of the two it is. */
export async function getTranscription(send: Send, id: string): Promise<IDataObject> {
	const get = async (root: string[]) => await send({ method: 'GET', path: [...root, id] }, readTranscription);
	return await get(POST).catch(async (error) => {
		if (!isNotThere(error)) throw error;
		return await get(REALTIME).catch((realtimeError) => {
			throw isNotThere(realtimeError) ? error : realtimeError;
		});
	});
}

/** The fields in which a transcription has the URLs of its texts. */
const TEXT_FILES = { summary: 'summarizedFilePaths', transcript: 'transcriptionFilePaths' } as const;

/** @returns the URL of one of a transcription's texts, as a plain text file; undefined if there is none */
export function textFileOf(transcription: IDataObject, name: keyof typeof TEXT_FILES): string | undefined {
	const { txt: url } = asRecord(transcription[TEXT_FILES[name]]);
	return typeof url === 'string' && url !== '' ? url : undefined;
}

/** @returns whether a transcription has ended, or has its text, whatever its status is */
export function isReady(transcription: IDataObject): boolean {
	return hasStatus(transcription, FINAL_STATUSES) || textFileOf(transcription, 'transcript') !== undefined;
}

/** @returns whether a transcription that is ready may still get its summary, which VideoSDK makes of the text afterwards */
export function mayGetSummary(transcription: IDataObject): boolean {
	return !hasStatus(transcription, ['failed']) && textFileOf(transcription, 'summary') === undefined;
}
