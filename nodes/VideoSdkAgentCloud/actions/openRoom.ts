import { type IExecuteFunctions, type JsonObject, NodeApiError } from 'n8n-workflow';
import { type Send } from '../api/client';
import { createOwnRoom } from '../api/rooms';
import { STARTS } from '../api/starts';
import { type RoomChoice } from '../fields/room';
import { type WebhookOf } from '../webhook/context';
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

/**
 * Gives the room for a session or call. A room to create is created, and deactivated by the runner if the session or call then fails
 * for certain.
 *
 * @param webhookOf gives the webhook of a room to create: it takes one only then
 * @returns the room's ID; undefined if none was chosen
 * @throws NodeApiError if no room could be created
 */
export async function openRoom(
	context: IExecuteFunctions,
	send: Send,
	{ credential, hasRoom, customRoomId }: StartTools,
	{ roomId, body }: RoomChoice,
	starts: 'session' | 'call',
	webhookOf?: WebhookOf,
): Promise<string | undefined> {
	if (body === undefined) return roomId;
	const webhook = await webhookOf?.(credential);
	const room = await createOwnRoom(send, { ...body, customRoomId, webhook }).catch((error: unknown) => {
		throw noRoomError(context, error, starts);
	});
	const createdId = String(room.roomId);
	hasRoom(createdId);
	return createdId;
}
