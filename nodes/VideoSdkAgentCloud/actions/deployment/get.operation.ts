import type { IExecuteFunctions } from 'n8n-workflow';
import { deploymentProperty, readDeploymentId, readRequired, tagProperty } from '../../fields/ids';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { pathOf, recordWith } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('deployment', ['get']);

export const description = [deploymentProperty(show), tagProperty(show, true), requestOptionsProperty(show)];

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	const deploymentId = readDeploymentId(context, itemIndex);
	const tag = readRequired(context, 'tag', 'Tag', itemIndex);
	return async (send) =>
		await send(
			{
				method: 'GET',
				path: pathOf('ai', 'v1', 'ai-deployments', deploymentId, tag),
			},
			recordWith('id'),
		);
}
