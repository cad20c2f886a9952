import { getDeployment } from '../../api/deployments';
import { deploymentField, tagField } from '../../fields/locators';
import { readRequired } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get deployment',
	description: 'Retrieve one version of a deployment',
	fields: [deploymentField, tagField, optionsField()],
	prepare(context, itemIndex) {
		const deploymentId = readRequired(context, 'deploymentId', 'Deployment', itemIndex);
		const tag = readRequired(context, 'tag', 'Tag', itemIndex);
		return async (send) => await getDeployment(send, deploymentId, tag);
	},
};
