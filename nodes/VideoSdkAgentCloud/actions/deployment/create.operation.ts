import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readRequired } from '../../fields/ids';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { pathOf, recordWith } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('deployment', ['create']);

export const description: INodeProperties[] = [
	{
		displayName: 'Name',
		name: 'name',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. Support agent',
		description: 'The name of the new deployment',
		displayOptions: show,
	},
	{
		displayName: 'Description',
		name: 'description',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. Answers calls about orders',
		description: 'What the deployment is for. VideoSDK requires it.',
		displayOptions: show,
	},
	requestOptionsProperty(show),
];

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	const body = {
		name: readRequired(context, 'name', 'Name', itemIndex),
		description: readRequired(context, 'description', 'Description', itemIndex),
	};
	return async (send) =>
		await send(
			{
				method: 'POST',
				path: pathOf('ai', 'v1', 'ai-deployments'),
				body,
			},
			recordWith('id'),
		);
}
