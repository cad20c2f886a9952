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
 * @throws NodeApiError also for an answer of 200 that says that no worker was free
 */
export async function dispatchAgent(send: Send, body: DispatchBody): Promise<IDataObject> {
	return await send(
		{
			method: 'POST',
			path: ['v2', 'agent', 'dispatch'],
			// The official SDK sends the room under both names.
			body: { ...body, meetingId: body.roomId },
			starts: 'dispatch',
		},
		unlessDeclined((answer) => {
			const result = recordsIn(answer).find((candidate) => 'success' in candidate);
			// Anything else is in doubt, and a second agent must not come.
			return result?.success === true ? result : undefined;
		}),
	);
}

/** The deployments of agents in VideoSDK's cloud: several rows may name one agent. */
export const AGENT_DEPLOYMENTS: ListRequest = {
	path: ['ai', 'v1', 'cloud', 'deployments'],
	keys: ['deployments', 'data'],
};
