import { AGENT_TOOLS, AGENT_TOOLS_FIELDS, MAX_TOOLS_VALID_FOR_HOURS } from '../../fields/agentTools';
import { inputError } from '../../fields/inputError';
import { readAgentTools } from '../../fields/readAgentTools';
import { readChoice, readCount } from '../../fields/read';
import { type Operation } from '../operation';

const UNIT_HOURS = { days: 24, hours: 1 };

export const operation: Operation = {
	value: 'createToolAccess',
	name: 'Create Tool Access',
	action: 'Create tool access',
	description:
		'Create the access to tools for an agent that answers incoming calls, to be stored as a secret of the agent. Sends no request.',
	isTool: false,
	fields: [
		...AGENT_TOOLS_FIELDS,
		{
			displayName: 'Valid For',
			name: 'validFor',
			type: 'number',
			typeOptions: { minValue: 1, numberPrecision: 0 },
			default: 30,
			description: 'How long the agent can use the tools. Create a new access before it ends.',
		},
		{
			displayName: 'Unit',
			name: 'validForUnit',
			type: 'options',
			noDataExpression: true,
			options: [
				{ name: 'Days', value: 'days' },
				{ name: 'Hours', value: 'hours' },
			],
			default: 'days',
		},
	],
	prepare(context, itemIndex) {
		const unit = readChoice(context, 'validForUnit', 'Unit', ['days', 'hours'], itemIndex);
		const maximum = MAX_TOOLS_VALID_FOR_HOURS / UNIT_HOURS[unit];
		const given = context.getNodeParameter('validFor', itemIndex, 30);
		const validForS = readCount(context, given, 'Valid For', itemIndex, maximum) * UNIT_HOURS[unit] * 3_600;
		const access = readAgentTools(context, validForS, itemIndex);
		if (access === undefined) {
			const what = `'${AGENT_TOOLS.displayName}' is empty`;
			throw inputError(context, what, 'Add the tools that the agent is to use.', itemIndex);
		}
		return async () => {
			const { tools, expiresAtS } = await access();
			return { tools, expiresAt: new Date(expiresAtS * 1000).toISOString() };
		};
	},
};
