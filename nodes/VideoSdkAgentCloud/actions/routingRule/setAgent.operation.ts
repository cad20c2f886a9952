import { isInbound } from '../../api/telephony';
import { type INodePropertyCollection } from 'n8n-workflow';
import { changeOf, changeRule, differences, fetchRule, shownRule, taskOf } from '../../api/routingRule';
import { AGENT_TASK_FIELDS, agentSettingsField, defaultTimeZone, readTask } from '../../fields/agentTask';
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
import { choicesField, type Field, optional } from '../../fields/kit/field';
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

const [instructionsField, firstMessageField] = AGENT_TASK_FIELDS as [Field, Field];
const KEPT = 'Leave empty to keep what the rule has.';

/** The fields of the task, in words for whoever sets up a number that is called. */
const RULE_TASK_FIELDS = [
	{
		...instructionsField,
		placeholder:
			"e.g. You answer the phone of Example Café. Say whether there's a table, note name and number, and repeat them.",
		description: `What the agent is to do in the calls of this rule. In a call that n8n makes, the Instructions of that node count, if it has any. ${KEPT}`,
	},
	{
		...firstMessageField,
		placeholder: 'e.g. Example Café, this is the AI assistant. How can I help?',
		description: `What the agent says first, word for word. ${KEPT}`,
	},
];

const [{ values: settings }] = agentSettingsField.options as [INodePropertyCollection];

/** The option that empties what the rule tells its agent, since a field that was left empty changes nothing. */
const clearField = choicesField('default', 'Clear', 'clear', {
	options: [...AGENT_TASK_FIELDS, ...settings]
		.map(({ displayName, name }) => ({ name: displayName, value: name }))
		.sort((a, b) => (a.name < b.name ? -1 : 1)),
	description:
		'What the rule no longer tells its agent. Fields that you leave empty stay as they are in the rule.',
});

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
	fields: [ruleField, newAgentField, ...RULE_TASK_FIELDS, ruleToolsField],
	options: [agentSettingsField, clearField, contextField, dryRunField, ruleToolsValidForField],
	prepare(read) {
		const ruleId = read.text(ruleField);
		const agentId = read.text(newAgentField);
		const task = readTask(read);
		const timeZone = defaultTimeZone(read);
		const options = readOptions(read);
		const validForS = options.count(ruleToolsValidForField) * HOUR_S;
		const chosenTools = readAgentTools(read, validForS, options);
		const clear = options.choices(clearField);
		const both = clear.find((name) => task !== undefined && name in task);
		if (both !== undefined) {
			const label = clearField.options?.find((option) => 'value' in option && option.value === both)?.name;
			throw read.fail(
				`'${clearField.displayName}' contains ${label}, which has a value as well`,
				`Remove it from '${clearField.displayName}', or empty the field.`,
			);
		}
		if (agentId === undefined && task === undefined && clear.length === 0 && chosenTools === undefined) {
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
			const change = changeOf(rule, { agentId, task, clear, tools, timeZone });
			const given = change.agentMetadata as { n8nTools?: HandedTool[] };
			if (isDryRun && given.n8nTools) Object.assign(given, { n8nTools: shownTools(given.n8nTools) });
			await changeRule(send, ruleId, change);
			const changed = await fetchRule(send, ruleId);
			const wrong = differences(change, changed);
			if (wrong.length === 0) return { ...shownRule(changed), task: taskOf(changed) };
			throw read.fail(
				`VideoSDK didn't change the routing rule as asked: ${wrong.join(', ')} isn't as it should be`,
				'Check the rule in the VideoSDK dashboard, and correct it there.',
			);
		};
	},
};
