import type { IDataObject, IExecuteFunctions, JsonObject } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';
import type { Send } from '../../api/client';
import { failureOf } from '../../api/client';
import { isInDoubt } from '../../api/failure';
import { createRoom, deactivateRoom } from '../../api/rooms';
import type { StartBody } from '../../api/sessions';
import { startSession } from '../../api/sessions';
import type { SessionRoom } from '../../fields/sessionRoom';
import { ROOM_VARIABLE } from '../../fields/sessionRoom';
import { noteOpenRoom } from '../outcome';

/** The body of a start, and the room for it. */
export interface SessionStart extends StartBody {
	room: SessionRoom;
}

/** Puts words into a title, before the item that it ends with. */
function insert(message: string, words: string): string {
	return message.replace(/(?: \[item \d+\])?$/, (item) => `${words}${item}`);
}

/** Tells in the start's own error that its room is still there, in the title, too: often nothing else is shown. */
function tellOpenRoom(error: NodeApiError, roomId: string, advice: string): void {
	error.message = insert(error.message, ` (room ${roomId})`);
	error.description = [advice, error.description].filter(Boolean).join(' ');
	noteOpenRoom(error, roomId);
}

/**
 * A failure to create the room means that no session was started, whatever became of the room: so it is not one "in doubt", and
 * Retry On Fail may start the session later. A room whose ID is unknown costs nothing.
 */
function noRoomError(context: IExecuteFunctions, error: unknown): unknown {
	if (!(error instanceof NodeApiError)) return error;
	return new NodeApiError(context.getNode(), {} as JsonObject, {
		message: `No room could be created, so the session was not started: ${error.message}`,
		description: error.description ?? undefined,
		httpCode: error.httpCode ?? undefined,
		itemIndex: error.context.itemIndex as number | undefined,
	});
}

/** After a start that failed: deactivates its room, unless the session may be running in it. */
async function cleanUpRoom(
	context: IExecuteFunctions,
	send: Send,
	error: unknown,
	roomId: string,
): Promise<void> {
	const failure = failureOf(error as object);
	if (failure !== undefined && isInDoubt(failure)) {
		tellOpenRoom(
			error as NodeApiError,
			roomId,
			`The room ${roomId} was created for the session and is still open. If the session does not run, close it with Room: Deactivate.`,
		);
		return;
	}
	try {
		await deactivateRoom(send, roomId, true);
	} catch (cleanUpError) {
		const reason = (cleanUpError as Error).message;
		context.logger.warn(`The room ${roomId} was created for a session that was not started: ${reason}`);
		if (failure === undefined) return;
		tellOpenRoom(
			error as NodeApiError,
			roomId,
			`The room ${roomId} was created for the session and could not be deactivated: ${reason}. Close it with Room: Deactivate.`,
		);
	}
}

/**
 * Starts a session in the room that was chosen for it. A room to create is created first. If the start then fails for certain, it
 * is deactivated; if the session may be running, it stays, and the error names it.
 *
 * @returns the session, with the `roomId` of the room if one was chosen
 * @throws NodeApiError as `startSession` does; a failure to deactivate the room is told in it
 */
export async function startInRoom(
	context: IExecuteFunctions,
	send: Send,
	{ room, ...body }: SessionStart,
): Promise<IDataObject> {
	const startWith = async (roomId: string) => {
		const session = await startSession(send, { ...body, env: { ...body.env, [ROOM_VARIABLE]: roomId } });
		return { ...session, roomId };
	};
	if (room.choice === 'agent') return await startSession(send, body);
	if (room.choice === 'existing') return await startWith(room.roomId);
	const created = await createRoom(send, room.body).catch((error) => {
		throw noRoomError(context, error);
	});
	const roomId = String(created.roomId);
	return await startWith(roomId).catch(async (error) => {
		await cleanUpRoom(context, send, error, roomId);
		throw error;
	});
}
