import { type INodeProperties } from 'n8n-workflow';
import { createDeployment } from '../../api/deployments';
import { optionsField } from '../../fields/requestOptions';
import { type Operation } from '../operation';

const nameField: INodeProperties = {
	displayName: 'Name',
	name: 'name',
	type: 'string',
	default: '',
	required: true,
	placeholder: 'e.g. Support agent',
	description: 'The name of the new deployment',
};

const descriptionField: INodeProperties = {
	displayName: 'Description',
	name: 'description',
	type: 'string',
	default: '',
	required: true,
	placeholder: 'e.g. Answers calls about orders',
	description: 'What the deployment is for. VideoSDK requires it.',
};

export const operation: Operation = {
	value: 'create',
	name: 'Create',
	action: 'Create deployment',
	description: 'Create a deployment to push versions of an agent to',
	starts: 'deployment',
	fields: [nameField, descriptionField, optionsField()],
	prepare(read) {
		const body = {
			name: read.required(nameField),
			description: read.required(descriptionField),
		};
		return async (send) => await createDeployment(send, body);
	},
};
