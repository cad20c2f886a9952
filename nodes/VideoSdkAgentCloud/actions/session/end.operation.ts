import type { IExecuteFunctions } from 'n8n-workflow';
import { readRequired, sessionProperty } from '../../fields/ids';
import type { RequestOptions } from '../../fields/requestOptions';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { apiRequest, pathOf, recordWith } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('session', ['end']);

export const description = [sessionProperty(show), requestOptionsProperty(show)];

export function prepare(context: IExecuteFunctions, itemIndex: number, options: RequestOptions): Call {
	const body = { sessionId: readRequired(context, 'sessionId', 'Session ID', itemIndex) };
	return async ({ onRateLimited }) =>
		await apiRequest(
			context,
			{
				method: 'POST',
				path: pathOf('ai', 'v1', 'ai-deployment-sessions', 'end'),
				body,
				timeoutMs: options.timeoutMs,
				itemIndex,
				onRateLimited,
			},
			recordWith('sessionId'),
		);
}
