import { type IExecuteFunctions, type JsonObject, NodeApiError } from 'n8n-workflow';
import { type Send } from '../api/http/client';
import { createOwnRoom } from '../api/rooms';
import { STARTS } from '../api/startWords';
import { type RoomChoice } from '../fields/room';
import { type WebhookOf } from '../waiting/resuming/resumeUrl';
import type { StartTools } from './operation';

/**
 * Makes the error for a session or call whose room couldn't be created. It has no ApiFailure, so it never counts as "in doubt", and
 * Retry On Fail tries again: nothing was started, and a room that may exist all the same costs nothing while no one is in it.
 */
function noRoomError(context: IExecuteFunctions, error: unknown, starts: 'session' | 'call'): unknown {
	if (!(error instanceof NodeApiError)) return error;
	const { one, started } = STARTS[starts];
	return new NodeApiError(context.getNode(), {} as JsonObject, {
		message: `The ${one} wasn't ${started}, because there is no room for it: ${error.message}`,
		description: error.description ?? undefined,
		httpCode: error.httpCode ?? undefined,
	});
}

/** The output of a dry run has this in place of the ID of the room, which isn't created. */
const NEW_ROOM = '(a new room)';

/** A room that no one asked for must not hold up a call. */
const OPTIONAL_LIMITS = { maxAttempts: 1, timeoutMs: 10_000 };
const WITHOUT_ROOM =
	'VideoSDK Agent Cloud: calls are made without a room of their own, so n8n asks VideoSDK whether they have ended.';

/**
 * Creates the room of a session or call, if one is to be created. The runner deactivates it if the session or call then certainly
 * fails.
 *
 * @param webhookOf gives the room's webhook, because VideoSDK takes one only when a room is created
 * @returns the room's ID; undefined if the user chose no room, and either the room could send n8n no event or it can't be created
 * @throws NodeApiError if the user asked for a room and it can't be created
 */
export async function openRoom(
	context: IExecuteFunctions,
	send: Send,
	{ credential, hasRoom, customRoomId, once, isDryRun }: StartTools,
	{ roomId, body, isOptional }: RoomChoice,
	starts: 'session' | 'call',
	webhookOf?: WebhookOf,
): Promise<string | undefined> {
	if (body === undefined) return roomId;
	const webhook = await webhookOf?.(credential);
	if (isOptional && webhook === undefined) return undefined;
	if (isDryRun) return NEW_ROOM;
	try {
		const limits = isOptional ? OPTIONAL_LIMITS : undefined;
		const room = await createOwnRoom(send, { ...body, customRoomId, webhook }, limits);
		const createdId = String(room.roomId);
		hasRoom(createdId);
		return createdId;
	} catch (error) {
		if (!isOptional || !(error instanceof NodeApiError)) throw noRoomError(context, error, starts);
		const { message } = error;
		await once('no room', async () => context.logger.warn(`${WITHOUT_ROOM} (${message})`));
		return undefined;
	}
}
