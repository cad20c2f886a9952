import type { IDataObject } from 'n8n-workflow';
import { unlessDeclined } from './http/responseReaders';
import { failureOf, type Send } from './http/client';
import { NOT_FOUND_STATUSES } from './http/failure';
import type { ListRequest } from './http/pagination';

const ROOT = ['v2', 'recordings'];

/** The lists of recordings, by what was recorded. Their filters are `roomId`, and `sessionId` of the room's session. */
export const RECORDINGS = {
	/** One file with all participants, if the room was set up to be recorded. */
	room: { path: ROOT },
	/** One file per participant. */
	participant: { path: [...ROOT, 'participant'] },
	/** One file per camera or microphone. */
	track: { path: [...ROOT, 'participant', 'track'] },
	/** One file with the agent on one channel, and the others on a second one. */
	merged: { path: [...ROOT, 'participant', 'merge'], keys: ['recordings', 'data'] },
} satisfies Record<string, ListRequest>;

/**
 * Deletes a room's recording.
 *
 * @returns its ID, with `alreadyOver: true` if there was none
 */
export async function deleteRecording(send: Send, recordingId: string): Promise<IDataObject> {
	const deleted = { recordingId, deleted: true };
	const read = unlessDeclined(() => deleted);
	return await send({ method: 'DELETE', path: [...ROOT, recordingId] }, read).catch((error: Error) => {
		const { kind, status = 0, apiMessage = '' } = failureOf(error) ?? {};
		if (NOT_FOUND_STATUSES.includes(status)) return { ...deleted, alreadyOver: true };
		// VideoSDK answers with a text (docs/dev/api-truth.md, Lists), or with nothing. A web page is from a proxy.
		if (kind === 'answer' && !apiMessage.startsWith('<')) return deleted;
		throw error;
	});
}
