import { readAgentTools, signTools, toolsValidForField } from '../../fields/agentTools';
import { agentToolsField } from '../../fields/chosenTool';
import { contextField } from '../../fields/context';
import { choiceField, numberField, optionsOf } from '../../fields/kit/field';
import { type Operation } from '../operation';

const UNIT_HOURS = { days: 24, hours: 1 };

const validForField = numberField('default', 'Valid For', 'validFor', {
	typeOptions: { minValue: 1, numberPrecision: 0 },
	default: 30,
	description: 'How long the agent can use the tools. Run this operation again before its access expires.',
});

const validForUnitField = choiceField('default', 'Valid For Unit', 'validForUnit', {
	noDataExpression: true,
	options: optionsOf(Object.keys(UNIT_HOURS)),
	default: 'days',
});

export const operation: Operation = {
	value: 'createAccess',
	action: 'Create tool access',
	description:
		"Give an agent that answers incoming calls access to tools. Store the output's tools as its secret N8N_TOOLS.",
	isTool: false,
	fields: [agentToolsField, contextField, validForField, validForUnitField],
	options: null,
	prepare(read) {
		const unitHours = UNIT_HOURS[read.choice<'days' | 'hours'>(validForUnitField)];
		const maximum = Number(toolsValidForField.typeOptions?.maxValue) / unitHours;
		const access = readAgentTools(read, read.count(validForField, maximum) * unitHours * 3_600, read);
		if (access === undefined) {
			throw read.fail(`'${agentToolsField.displayName}' is empty`, 'Add the tools for the agent to use.');
		}
		return async (_send, { credential }) => {
			const { tools, expiresAtS } = await signTools(read, access, credential);
			return { tools, expiresAt: new Date(expiresAtS * 1000).toISOString() };
		};
	},
};
