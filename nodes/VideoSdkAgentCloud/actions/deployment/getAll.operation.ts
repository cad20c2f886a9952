import type { IExecuteFunctions } from 'n8n-workflow';
import { listProperties, listRecords, readLimit } from '../../fields/list';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { pathOf } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('deployment', ['getAll']);

export const description = [...listProperties(show), requestOptionsProperty(show)];

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	const limit = readLimit(context, itemIndex);
	return async (send) =>
		await listRecords(
			send,
			{
				method: 'GET',
				path: pathOf('ai', 'v1', 'ai-deployments'),
			},
			limit,
		);
}
