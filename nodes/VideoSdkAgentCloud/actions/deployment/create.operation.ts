import { textField } from '../../fields/field';
import { createDeployment } from '../../api/deployments';
import { type Operation } from '../operation';

const nameField = textField('required', 'Name', 'name', {
	placeholder: 'e.g. Support agent',
	description: 'The name of the new deployment',
});

const descriptionField = textField('required', 'Description', 'description', {
	placeholder: 'e.g. Answers calls about orders',
	description: 'What the deployment is for. VideoSDK requires it.',
});

export const operation: Operation = {
	value: 'create',
	action: 'Create deployment',
	description: 'Create a deployment that a developer can upload agent versions to',
	starts: 'deployment',
	fields: [nameField, descriptionField],
	prepare(read) {
		const body = { name: read.text(nameField), description: read.text(descriptionField) };
		return async (send) => await createDeployment(send, body);
	},
};
