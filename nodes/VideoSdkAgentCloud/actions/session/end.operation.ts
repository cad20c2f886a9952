import type { IExecuteFunctions } from 'n8n-workflow';
import { readRequired, sessionProperty } from '../../fields/ids';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { pathOf, recordWith } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('session', ['end']);

export const description = [sessionProperty(show), requestOptionsProperty(show)];

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	const body = { sessionId: readRequired(context, 'sessionId', 'Session ID', itemIndex) };
	return async (send) =>
		await send(
			{ method: 'POST', path: pathOf('ai', 'v1', 'ai-deployment-sessions', 'end'), body },
			recordWith('sessionId'),
		);
}
