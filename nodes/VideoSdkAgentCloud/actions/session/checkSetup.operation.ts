import { gatewayField, optionalFromField, routingRuleField } from '../../fields/callLocators';
import { deploymentField, tagField } from '../../fields/locators';
import { type ItemReader } from '../../fields/reader';
import { optionsField } from '../../fields/requestOptions';
import { readWebhookUrl } from '../../fields/readWebhook';
import { webhookUrlField } from '../../fields/webhook';
import { type ItemRun, type Operation } from '../operation';
import { checkClockAndKey, checkCredential } from './checkSetup/access';
import { checkDeployment, checkTag } from './checkSetup/deployment';
import { type Finding } from './checkSetup/finding';
import { checkWebhookRegistered } from './checkSetup/registration';
import { checkTelephony } from './checkSetup/telephony';
import { checkWebhookProduction, checkWebhookPublic, checkWebhookPublished } from './checkSetup/webhook';

function prepare(read: ItemReader): ItemRun {
	const { context, itemIndex } = read;
	const deploymentId = read.optional(deploymentField);
	const tag = read.optional(tagField);
	const url = readWebhookUrl(read);
	const callSetup = {
		routingRuleId: read.optional(routingRuleField),
		from: read.optional(optionalFromField),
		gatewayId: read.optional(gatewayField),
	};
	return async (send) => {
		const { credential, deployments } = await checkCredential(send);
		const { clock, publicKey } = await checkClockAndKey(context, send, itemIndex);
		const findings: Array<[check: string, finding: Finding]> = [
			['credential', credential],
			['clock', clock],
			['publicKey', publicKey],
		];
		if (deploymentId !== undefined) findings.push(['deployment', checkDeployment(deploymentId, deployments)]);
		if (tag !== undefined) findings.push(['tag', checkTag(deploymentId, tag, deployments)]);
		if (url !== undefined) {
			const isForSessions = deploymentId !== undefined;
			const isForCalls = Object.values(callSetup).some((value) => value !== undefined);
			findings.push(
				['webhookPublic', await checkWebhookPublic(context, url, itemIndex)],
				['webhookProduction', checkWebhookProduction(url)],
				['webhookPublished', await checkWebhookPublished(context, url, isForSessions)],
				['webhookRegistered', await checkWebhookRegistered(context, send, url, isForCalls)],
			);
		}
		findings.push(...(await checkTelephony(send, callSetup)));
		return findings.map(([check, finding]) => ({ check, ...finding }));
	};
}

const SKIPPED = 'Leave empty to skip this check.';

export const operation: Operation = {
	value: 'checkSetup',
	name: 'Check Setup',
	action: 'Check setup',
	description:
		'Check the credential and what your sessions and calls need. This starts nothing and costs nothing.',
	fields: [
		{ ...deploymentField, required: false, description: `A deployment to check. ${SKIPPED}` },
		{ ...tagField, required: false, description: `A tag of the deployment to check. ${SKIPPED}` },
		{
			...webhookUrlField,
			description: 'A trigger to check. Leave empty to skip these checks.',
		},
		{ ...routingRuleField, required: false, description: `A routing rule to check. ${SKIPPED}` },
		{ ...optionalFromField, description: `A phone number to check. ${SKIPPED}` },
		{ ...gatewayField, required: false, description: `An outbound gateway to check. ${SKIPPED}` },
		optionsField(),
	],
	prepare,
};
