import { type NodeOperationError } from 'n8n-workflow';
import { type Blank, type Field, optional } from '../../fields/kit/field';
import { deploymentField, fromField, routingRuleField, tagField } from '../../fields/kit/locators';
import { readPhoneNumber } from '../../fields/phoneNumber';
import { readWebhookUrl, webhookUrlField } from '../../fields/triggers/webhook';
import { type Operation } from '../operation';
import { runChecks } from './checks';
import { type Finding, type Given, problem, setupOf } from './setup';

const checked = <B extends Blank>(blank: B, field: Field, what: string) =>
	optional(blank, field, `${what} to check, if you use one`);

const FIELDS = {
	deploymentId: checked('default', deploymentField, 'A deployment'),
	tag: checked('default', tagField, 'A tag of the deployment'),
	webhookUrl: checked('default', webhookUrlField, 'A trigger'),
	routingRuleId: checked('default', routingRuleField, 'A routing rule'),
	from: checked('refused', fromField, 'A phone number'),
};

/** Makes a finding of the error of a malformed value, so that the other checks run as well. */
function orFault(read: () => string | undefined): string | Finding | undefined {
	try {
		return read();
	} catch (error) {
		const { message, description } = error as NodeOperationError;
		return problem(message, description ?? '');
	}
}

export const operation: Operation = {
	value: 'checkSetup',
	action: 'Check setup',
	description:
		'Check the credential and what your sessions and calls need. This starts nothing and costs nothing.',
	fields: Object.values(FIELDS),
	prepare(read) {
		// An expression that gives nothing must fail the node, and `orFault` would make a finding of its error.
		read.text(FIELDS.from);
		const given: Given = {
			deploymentId: read.text(FIELDS.deploymentId),
			tag: read.text(FIELDS.tag),
			webhookUrl: orFault(() => readWebhookUrl(read)),
			routingRuleId: read.text(FIELDS.routingRuleId),
			from: orFault(() => readPhoneNumber(read, FIELDS.from)),
		};
		return async (send) => await runChecks(setupOf(read.context, read.itemIndex, send, given));
	},
};
