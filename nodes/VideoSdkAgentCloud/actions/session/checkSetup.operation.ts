import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { deploymentField, optionalTagField } from '../../fields/locators';
import { readOptional } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { readWebhookUrl } from '../../fields/readWebhook';
import { webhookUrlField } from '../../fields/webhook';
import type { ItemRun, Operation } from '../operation';
import {
	checkCredential,
	checkDeployment,
	checkKeyAndClock,
	checkTag,
	checkWebhookProduction,
	checkWebhookPublic,
	checkWebhookPublished,
} from './setupChecks';
import type { Finding } from './setupTexts';

function toRecord(check: string, finding: Finding): IDataObject {
	return { check, ok: finding.ok, message: finding.message, fix: 'fix' in finding ? finding.fix : '' };
}

function prepare(context: IExecuteFunctions, itemIndex: number): ItemRun {
	const deploymentId = readOptional(context, 'deploymentId', 'Deployment', itemIndex);
	const tag = readOptional(context, 'tag', 'Tag', itemIndex);
	const url = readWebhookUrl(context, itemIndex);
	return async (send) => {
		const { finding: credential, deployments } = await checkCredential(send);
		const { publicKey, clock } = await checkKeyAndClock(context, send);
		const findings: Array<[check: string, finding: Finding]> = [
			['credential', credential],
			['clock', clock],
			['publicKey', publicKey],
		];
		if (deploymentId !== undefined) {
			findings.push(['deployment', checkDeployment(deploymentId, deployments)]);
		}
		if (tag !== undefined) findings.push(['tag', checkTag(deploymentId, tag, deployments)]);
		if (url !== undefined) {
			findings.push(['webhookPublic', await checkWebhookPublic(context, url)]);
			findings.push(['webhookProduction', checkWebhookProduction(url)]);
			findings.push(['webhookPublished', await checkWebhookPublished(context, url)]);
		}
		return findings.map(([check, finding]) => toRecord(check, finding));
	};
}

export const operation: Operation = {
	value: 'checkSetup',
	name: 'Check Setup',
	action: 'Check setup',
	description:
		'Check the credential, a deployment and a Webhook URL before the first start. Starts nothing and costs nothing.',
	fields: [
		{
			...deploymentField,
			required: false,
			description: 'A deployment to check. Leave empty to skip this check.',
		},
		{ ...optionalTagField, description: 'A tag of the deployment to check. Leave empty to skip this check.' },
		{
			...webhookUrlField,
			description: 'The Production URL of a trigger to check. Leave empty to skip these checks.',
		},
		optionsField(),
	],
	prepare,
};
