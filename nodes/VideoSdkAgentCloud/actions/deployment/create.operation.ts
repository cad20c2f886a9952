import { createDeployment } from '../../api/deployments';
import { readRequired } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'create',
	name: 'Create',
	action: 'Create deployment',
	description: 'Create a deployment, to which you then push versions of an agent',
	starts: 'deployment',
	fields: [
		{
			displayName: 'Name',
			name: 'name',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. Support agent',
			description: 'The name of the new deployment',
		},
		{
			displayName: 'Description',
			name: 'description',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. Answers calls about orders',
			description: 'What the deployment is for. VideoSDK requires it.',
		},
		optionsField(),
	],
	prepare(context, itemIndex) {
		const body = {
			name: readRequired(context, 'name', 'Name', itemIndex),
			description: readRequired(context, 'description', 'Description', itemIndex),
		};
		return async (send) => await createDeployment(send, body);
	},
};
