import type { IExecuteFunctions } from 'n8n-workflow';
import { deploymentProperty, readDeploymentId, readRequired, tagProperty } from '../../fields/ids';
import type { RequestOptions } from '../../fields/requestOptions';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { apiRequest, pathOf, recordWith } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('deployment', ['get']);

export const description = [deploymentProperty(show), tagProperty(show, true), requestOptionsProperty(show)];

export function prepare(context: IExecuteFunctions, itemIndex: number, options: RequestOptions): Call {
	const deploymentId = readDeploymentId(context, itemIndex);
	const tag = readRequired(context, 'tag', 'Tag', itemIndex);
	return async ({ onRateLimited }) =>
		await apiRequest(
			context,
			{
				method: 'GET',
				path: pathOf('ai', 'v1', 'ai-deployments', deploymentId, tag),
				timeoutMs: options.timeoutMs,
				itemIndex,
				onRateLimited,
			},
			recordWith('id'),
		);
}
