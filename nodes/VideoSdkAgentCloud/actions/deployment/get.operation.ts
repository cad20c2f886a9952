import { getDeployment } from '../../api/deployments';
import { deploymentField, tagField } from '../../fields/locators';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'get',
	action: 'Get deployment',
	description: 'Retrieve one version of a deployment',
	fields: [deploymentField, tagField],
	prepare(read) {
		const deploymentId = read.text(deploymentField);
		const tag = read.text(tagField);
		return async (send) => await getDeployment(send, deploymentId, tag);
	},
};
