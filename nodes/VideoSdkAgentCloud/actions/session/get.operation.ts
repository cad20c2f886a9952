import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readRequired, sessionProperty } from '../../fields/ids';
import { requestOptionsProperty } from '../../fields/requestOptions';
import type { Send } from '../../transport/request';
import { pathOf, recordWith } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('session', ['get']);

export const description = [sessionProperty(show), requestOptionsProperty(show)];

/** Fetches a session as it now stands. */
export async function getSession(send: Send, sessionId: string): Promise<IDataObject> {
	return await send(
		{ method: 'GET', path: pathOf('ai', 'v1', 'ai-deployment-sessions', sessionId) },
		recordWith('sessionId'),
	);
}

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	const sessionId = readRequired(context, 'sessionId', 'Session ID', itemIndex);
	return async (send) => await getSession(send, sessionId);
}
