import { type IExecuteFunctions, type JsonObject, NodeApiError } from 'n8n-workflow';
import { type Send } from '../api/http/client';
import { createOwnRoom } from '../api/rooms';
import { STARTS } from '../api/startWords';
import { type RoomChoice } from '../fields/room';
import { type WebhookOf } from '../waiting/resuming/resumeUrl';
import type { StartTools } from './operation';

/**
 * If the room can't be created, nothing was started in it, whether or not the room exists. So it isn't "in doubt", and Retry On Fail
 * may start it later. A room that may have been created costs nothing while no one is in it.
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

/** In place of the ID of a room that a dry run doesn't create. */
const NEW_ROOM = '(a new room)';

/** A room that no one asked for holds up no call. */
const OPTIONAL_LIMITS = { maxAttempts: 1, timeoutMs: 10_000 };
const WITHOUT_ROOM =
	'VideoSDK Agent Cloud: calls are made without a room of their own, so n8n asks VideoSDK whether they have ended.';

/**
 * Gives the room for a session or call. A room to create is created, and deactivated by the runner if the session or call then fails
 * for certain.
 *
 * @param webhookOf gives the webhook of a room to create: it takes one only then
 * @returns the room's ID; undefined if none was chosen, or if one that no one asked for tells n8n nothing, or can't be created
 * @throws NodeApiError if a room that was asked for can't be created
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
