import type { IDataObject } from 'n8n-workflow';
import { recordsIn, unlessDeclined } from './http/responseReaders';
import type { Send } from './http/client';
import type { ListRequest } from './http/pagination';

/** The body of a dispatch. Undefined fields are not sent. */
export interface DispatchBody {
	agentId: string;
	roomId: string;
	versionId?: string;
	versionTag?: string;
	metadata?: IDataObject;
}

/**
 * Sends an agent into a room. The request is sent once: see `retryDelay`.
 *
 * @throws NodeApiError, also if the API responds with 200 and `success: false`, for example because no worker is free
 */
export async function dispatchAgent(send: Send, body: DispatchBody): Promise<IDataObject> {
	return await send(
		{
			method: 'POST',
			path: ['v2', 'agent', 'dispatch'],
			// VideoSDK's SDK (@videosdk.live/server-sdk) also sends the room under both names.
			body: { ...body, meetingId: body.roomId },
			starts: 'dispatch',
		},
		unlessDeclined((answer) => {
			const result = recordsIn(answer).find((candidate) => 'success' in candidate);
			// Any other response is in doubt, because a second agent must not be sent.
			return result?.success === true ? result : undefined;
		}),
	);
}

/** The deployments of agents in VideoSDK's cloud: several rows may name one agent. */
export const AGENT_DEPLOYMENTS: ListRequest = {
	path: ['ai', 'v1', 'cloud', 'deployments'],
	keys: ['deployments', 'data'],
};
