import { type IDataObject } from 'n8n-workflow';
import { isInbound, isSameNumber, numbersOf, phoneNumbersOf } from '../../../api/telephony';
import { type Facts, type Finding, good, missing, problem } from './facts';

export function checkDeployment({ given: { deploymentId }, deployments }: Facts): Finding | undefined {
	if (deploymentId === undefined) return undefined;
	if (deployments.failure) return deployments.failure;
	// A row for each tag.
	const versions = deployments.rows.filter(({ id }) => id === deploymentId);
	if (versions.length === 0) return missing('deployment', deploymentId, 'Deployment');
	if (!versions.some(({ tag }) => Boolean(tag))) {
		return problem(
			'The deployment has no tag, so there is no version of the agent to run',
			'Push a version of the agent to Agent Cloud.',
		);
	}
	return good('The deployment exists and has a version to run');
}

export function checkTag({ given: { deploymentId, tag }, deployments }: Facts): Finding | undefined {
	if (tag === undefined) return undefined;
	if (deploymentId === undefined) {
		return problem("The tag wasn't checked, because no deployment is selected", "Select its 'Deployment'.");
	}
	if (deployments.failure) return deployments.failure;
	const versions = deployments.rows.filter((row) => row.id === deploymentId && row.tag);
	if (versions.some((row) => row.tag === tag)) return good('The deployment has this tag');
	const tags = versions.map((row) => row.tag).join(', ');
	return problem(
		`The deployment has no tag '${tag}'`,
		tags === '' ? 'Correct the deployment first.' : `Select one of its tags: ${tags}.`,
	);
}

const NO_CALLS = "If you don't make calls, ignore this.";

/** @returns why a rule cannot make calls, as the end of a sentence; empty if it can */
function faultOf(rule: IDataObject): string {
	if (isInbound(rule)) return 'is for incoming calls';
	return rule.agentId ? '' : 'has no agent, so no one would talk on the call';
}

/** Checks the routing rule; if nothing was given, whether there is any for calls. */
export function checkRoutingRule({ given, isOpen, rules }: Facts): Finding | undefined {
	const { routingRuleId } = given;
	if (isOpen) {
		if (rules.failure) return { ...rules.failure, fix: `${rules.failure.fix} ${NO_CALLS}` };
		return rules.rows.some((rule) => !faultOf(rule))
			? good('There is an outbound routing rule with an agent')
			: problem(
					'No outbound routing rule has an agent',
					`Create one in the VideoSDK dashboard: 'Your first call' in the docs says how. ${NO_CALLS}`,
				);
	}
	if (routingRuleId === undefined) return undefined;
	if (rules.failure) return rules.failure;
	const rule = rules.rows.find(({ id }) => id === routingRuleId);
	if (rule === undefined) return missing('routing rule', routingRuleId, 'Routing Rule');
	const fault = faultOf(rule);
	return fault === ''
		? good('The routing rule is for outgoing calls and has an agent')
		: problem(
				`The routing rule ${fault}`,
				"Change it in the VideoSDK dashboard, or select a different one in 'Routing Rule'.",
			);
}

/** Checks the number to call from; if nothing was given, whether there is any. */
export function checkNumber(facts: Facts): Finding | undefined {
	const { given, isOpen, rules, numbers } = facts;
	const { from, routingRuleId } = given;
	const ofProject = numbers.rows.map(({ id }) => String(id));
	if (isOpen) {
		const usable = rules.rows.filter((rule) => !faultOf(rule));
		// The check of the rule says what is wrong.
		if (rules.failure) return undefined;
		// A rule that says nothing of numbers may call from any of the project's.
		const [number] = usable.flatMap((rule) => (rule.numbers === undefined ? ofProject : numbersOf(rule)));
		if (number !== undefined) return good(`There is a phone number to call from, ${number}`);
		return (
			numbers.failure ??
			problem(
				'No outbound routing rule has a phone number to call from',
				`Add a number to the rule in the VideoSDK dashboard. ${NO_CALLS}`,
			)
		);
	}
	if (typeof from !== 'string') return from;
	const isFrom = (number: string): boolean => isSameNumber(number, from);
	const ofRule = phoneNumbersOf(rules.rows.find(({ id }) => id === routingRuleId) ?? {});
	if (ofRule) {
		return ofRule.some(isFrom)
			? good('The phone number belongs to the routing rule')
			: problem(
					"The phone number doesn't belong to the routing rule",
					`Select one of the rule's numbers in 'From' (${ofRule.join(', ')}), or add this one to the rule in the VideoSDK dashboard.`,
				);
	}
	if (ofProject.some(isFrom)) return good('The phone number exists');
	return numbers.failure ?? missing('phone number', from, 'From');
}
