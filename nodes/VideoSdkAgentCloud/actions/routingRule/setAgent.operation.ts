import { isInbound } from '../../api/telephony';
import { changeOf, changeRule, differences, fetchRule, shownRule } from '../../api/routingRule';
import { AGENT_TASK_FIELDS, agentSettingsField, readTask } from '../../fields/agentTask';
import {
	HOUR_S,
	type HandedTool,
	readAgentTools,
	shownTools,
	signTools,
	toolsValidForField,
} from '../../fields/agentTools';
import { agentToolsField } from '../../fields/chosenTool';
import { contextField } from '../../fields/context';
import { optional } from '../../fields/kit/field';
import { agentField, locator } from '../../fields/kit/locators';
import { dryRunField, readOptions } from '../../fields/kit/requestOptions';
import { type Operation } from '../operation';

const ruleField = locator('required', 'Routing Rule', 'routingRuleId', {
	list: 'Existing Rule',
	description:
		'The rule whose agent talks: an inbound one in calls to its numbers, an outbound one in calls that n8n makes',
	placeholder: 'e.g. rule_1a2b3c',
});

const newAgentField = optional(
	'default',
	agentField,
	'The agent that talks. Leave empty to keep the one the rule has.',
);

const ruleToolsField = {
	...agentToolsField,
	description:
		'Workflows that the agent can use in incoming calls. Each one starts with a VideoSDK Agent Cloud Tool Trigger that uses this credential.',
};

/** The tools of a rule are valid for 30 days by default, because a workflow that runs daily renews them. */
const ruleToolsValidForField = {
	...toolsValidForField,
	default: 720,
	description: 'How long the agent can use its tools. Run this node again before that, for example daily.',
};

export const operation: Operation = {
	value: 'setAgent',
	action: 'Set agent of routing rule',
	description: 'Choose which agent talks on a routing rule, and what it is to do',
	isTool: false,
	fields: [ruleField, newAgentField, ...AGENT_TASK_FIELDS, ruleToolsField],
	options: [agentSettingsField, contextField, dryRunField, ruleToolsValidForField],
	prepare(read) {
		const ruleId = read.text(ruleField);
		const agentId = read.text(newAgentField);
		const task = readTask(read);
		const options = readOptions(read);
		const validForS = options.count(ruleToolsValidForField) * HOUR_S;
		const chosenTools = readAgentTools(read, validForS, options);
		if (agentId === undefined && task === undefined && chosenTools === undefined) {
			throw read.fail('There is nothing to set', "Select an 'Agent', or enter 'Instructions'.");
		}
		return async (send, { credential, isDryRun }) => {
			const rule = await fetchRule(send, ruleId);
			if (chosenTools && !isInbound(rule)) {
				throw read.fail(
					`'${agentToolsField.displayName}' can only be set on an inbound routing rule`,
					"Select the tools in the node that makes the calls, such as Call: Make. It hands them over itself. The rule wasn't changed.",
				);
			}
			const tools = chosenTools && (await signTools(read, chosenTools, credential)).tools;
			const change = changeOf(rule, { agentId, task, tools });
			const given = change.agentMetadata as { n8nTools?: HandedTool[] };
			if (isDryRun && given.n8nTools) Object.assign(given, { n8nTools: shownTools(given.n8nTools) });
			await changeRule(send, ruleId, change);
			const changed = await fetchRule(send, ruleId);
			const wrong = differences(rule, change, changed);
			if (wrong.length === 0) return shownRule(changed);
			throw read.fail(
				`VideoSDK didn't change the routing rule as asked: ${wrong.join(', ')} isn't as it should be`,
				'Check the rule in the VideoSDK dashboard, and correct it there.',
			);
		};
	},
};
