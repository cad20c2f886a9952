import { type JsonObject, NodeApiError } from 'n8n-workflow';
import { createOwnRoom, deactivateRoom } from '../../api/rooms';
import { STARTS } from '../../api/startWords';
import { endBy, type ItemStart, type StartEnd } from './itemStart';
import { lastLook } from './mayStart';
import { roomKey } from './startKey';
import { webhookOf } from './webhook';

/** The output of a dry run has this in place of the ID of the room, which isn't created. */
const NEW_ROOM = '(a new room)';

/** A room that no one asked for must not hold up a call. */
const OPTIONAL_LIMITS = { maxAttempts: 1, timeoutMs: 10_000 };
const WITHOUT_ROOM =
	'VideoSDK Agent Cloud: calls are made without a room of their own, so n8n asks VideoSDK whether they have ended.';

/**
 * Makes the error for a session or call whose room couldn't be created. It has no ApiFailure, so it never counts as "in doubt", and
 * Retry On Fail tries again: nothing was started, and a room that may exist all the same costs nothing while no one is in it.
 */
function noRoomError({ run }: ItemStart, error: unknown): unknown {
	if (!(error instanceof NodeApiError)) return error;
	const { one, started } = STARTS[run.kind];
	return new NodeApiError(run.context.getNode(), {} as JsonObject, {
		message: `The ${one} wasn't ${started}, because there is no room for it: ${error.message}`,
		description: error.description ?? undefined,
		httpCode: error.httpCode ?? undefined,
	});
}

/** The room in which a conversation takes place. */
export interface ReadyRoom {
	name: 'ready';
	/** Undefined: the one that VideoSDK or the agent chooses. */
	roomId?: string;
}

/**
 * Creates the room of a session or call, if one is to be created. Once it exists, `start.roomId` has its ID. One that the user didn't ask
 * for is left out if it could send n8n no event, or can't be created.
 */
export async function arrangeRoom(start: ItemStart): Promise<ReadyRoom | StartEnd> {
	const { run, claim, item, requests } = start;
	const { roomId, body, isOptional, webhook: target } = item.start.room ?? {};
	claim.roomId = undefined;
	if (body === undefined) return { name: 'ready', roomId };
	try {
		const webhook = target && (await webhookOf(start, target));
		if (isOptional && (webhook === undefined || run.hasNoRooms)) return { name: 'ready' };
		if (item.isDryRun) return { name: 'ready', roomId: NEW_ROOM };
		const { key } = claim;
		// Each attempt gets a room of its own.
		const customRoomId = key === undefined ? undefined : roomKey(run.context, key, claim.begun++);
		const send = requests.inTurn((starts) => lastLook(start, starts));
		const limits = isOptional ? OPTIONAL_LIMITS : undefined;
		const room = await createOwnRoom(send, { ...body, customRoomId, webhook }, limits);
		start.roomId = claim.roomId = String(room.roomId);
		return { name: 'ready', roomId: start.roomId };
	} catch (error) {
		if (!isOptional || !(error instanceof NodeApiError)) return endBy(noRoomError(start, error));
		if (!run.hasNoRooms) run.context.logger.warn(`${WITHOUT_ROOM} (${error.message})`);
		run.hasNoRooms = true;
		return { name: 'ready' };
	}
}

/** The room that was made for an item and could not, or must not, be closed. */
export interface LeftOpenRoom {
	roomId: string;
	/** Why it was not closed. Undefined: what was started may be using it. */
	reason?: string;
}

/** Closes the room of a start that has failed, unless it may be in use. @returns the room if it's still open */
export async function closeRoom(
	{ run, claim, requests, roomId }: ItemStart,
	isInDoubt: boolean,
): Promise<LeftOpenRoom | undefined> {
	if (isInDoubt) {
		// What is in doubt since an earlier try has the room of that try.
		const usedId = roomId ?? claim.roomId;
		return usedId === undefined ? undefined : { roomId: usedId };
	}
	if (roomId === undefined) return undefined;
	return await deactivateRoom(requests.always(), roomId).then(
		() => undefined,
		({ message: reason }: Error) => {
			run.context.logger.warn(`VideoSDK Agent Cloud: the room ${roomId} couldn't be closed (${reason})`);
			return { roomId, reason };
		},
	);
}
