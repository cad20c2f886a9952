import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readRequired, sessionProperty } from '../../fields/ids';
import type { RequestOptions } from '../../fields/requestOptions';
import { requestOptionsProperty } from '../../fields/requestOptions';
import type { ApiRequest, RequestContext } from '../../transport/request';
import { apiRequest, pathOf, recordWith } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('session', ['get']);

export const description = [sessionProperty(show), requestOptionsProperty(show)];

/** Fetches a session as it now stands. */
export async function getSession(
	context: RequestContext,
	sessionId: string,
	request: Partial<ApiRequest> = {},
): Promise<IDataObject> {
	return await apiRequest(
		context,
		{ ...request, method: 'GET', path: pathOf('ai', 'v1', 'ai-deployment-sessions', sessionId) },
		recordWith('sessionId'),
	);
}

export function prepare(context: IExecuteFunctions, itemIndex: number, options: RequestOptions): Call {
	const sessionId = readRequired(context, 'sessionId', 'Session ID', itemIndex);
	return async ({ onRateLimited }) =>
		await getSession(context, sessionId, { timeoutMs: options.timeoutMs, itemIndex, onRateLimited });
}
