import { type Field } from '../../fields/field';
import { createDeployment } from '../../api/deployments';
import { optionsField } from '../../fields/requestOptions';
import { type Operation } from '../operation';

const nameField: Field<'required'> = {
	displayName: 'Name',
	name: 'name',
	type: 'string',
	blank: 'required',
	default: '',
	required: true,
	placeholder: 'e.g. Support agent',
	description: 'The name of the new deployment',
};

const descriptionField: Field<'required'> = {
	displayName: 'Description',
	name: 'description',
	type: 'string',
	blank: 'required',
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
			name: read.text(nameField),
			description: read.text(descriptionField),
		};
		return async (send) => await createDeployment(send, body);
	},
};
