import { type IDataObject } from 'n8n-workflow';
import { dispatchAgent } from '../../api/agents';
import { makeCall, transferCall } from '../../api/calls';
import { type Send } from '../../api/http/client';
import { createRoom } from '../../api/rooms';
import { type SessionWebhook, startSession } from '../../api/sessions';
import { startRealtime } from '../../api/transcriptions';
import { withKey } from '../../fields/idempotencyKey';
import { LONGEST_TIMEOUT_MS } from '../../fields/kit/requestOptions';
import { ROOM_VARIABLE } from '../../fields/room';
import { deployAgent } from '../agent/deployAgent';
import type { ItemStart } from './itemStart';
import { isFindable } from './search';
import { contentOf, withContent } from './startKey';

/** What is only known right before the request. */
export interface Ready {
	roomId?: string;
	/** The data for the agent, with its task and tools. */
	data?: IDataObject;
	/** The webhook of a session. */
	webhook?: SessionWebhook;
}

/**
 * Sends the request that starts something, with the key by which it's found again.
 *
 * @returns the whole record
 * @throws NodeApiError or NodeOperationError in words for the user; what `send` throws
 */
export async function post(start: ItemStart, send: Send, ready: Ready): Promise<IDataObject> {
	const { run, claim, item, read, requests } = start;
	const { request } = item.start;
	const { roomId, data, webhook } = ready;
	const hasKey = isFindable(run.kind) && claim.key !== undefined;
	const key = hasKey ? withContent(claim.key, contentOf(item.start)) : undefined;
	switch (request.kind) {
		case 'call': {
			const timeoutMs = Math.min(item.timeoutMs + request.ringingMs, LONGEST_TIMEOUT_MS);
			const body = { ...request.body, metadata: withKey(data, key), destinationRoomId: roomId };
			return await makeCall(send, body, timeoutMs);
		}
		case 'session': {
			const { body } = request;
			const env = roomId === undefined ? data : { ...data, [ROOM_VARIABLE]: roomId };
			const metaData = withKey(body.metaData, key);
			const session = await startSession(send, { ...body, metaData, env, webhook });
			return roomId === undefined ? session : { ...session, roomId };
		}
		case 'dispatch':
			return await dispatchAgent(send, { ...request.body, metadata: data });
		case 'transfer':
			return await transferCall(send, request.callId, request.transferTo);
		case 'transcription':
			return await startRealtime(send, request.body);
		case 'room':
			return await createRoom(send, request.body);
		case 'deploy':
			return await deployAgent(read, send, requests, request.deployment, item.isDryRun, run);
	}
}
