import { type INodeProperties } from 'n8n-workflow';
import { choiceField, collectionField, jsonField, numberField, textField, withoutPolicy } from './field';
import { parametersField, type ParameterType } from './parameters';
import { DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S } from '../tools/timeout';

export const PARAMETER_TYPES: ParameterType[] = ['boolean', 'number', 'string'];

const FIELDS: INodeProperties[] = [
	{
		displayName:
			"End this workflow with Agent Tool: Answer, then publish it, and select it in 'Agent Tools' of a call or session.",
		name: 'answerNotice',
		type: 'notice',
		default: '',
	},
	textField('required', 'Tool Name', 'toolName', {
		placeholder: 'e.g. find_order',
		description:
			'What the model calls this tool. Use letters, digits, hyphens, and underscores. Spaces become underscores.',
	}),
	textField('required', 'Tool Description', 'toolDescription', {
		typeOptions: { rows: 3 },
		placeholder: "e.g. Finds the caller's latest order. Use it when the caller asks where an order is.",
		description:
			'What the tool does and when to use it. The model reads this if the agent gets its tools through n8n_tools.py.',
	}),
	choiceField('default', 'Specify Parameters', 'specifyParameters', {
		noDataExpression: true,
		options: [
			{ name: 'Using Fields Below', value: 'fields' },
			{ name: 'Using JSON Schema', value: 'json' },
		],
		default: 'fields',
	}),
	parametersField('Parameters', 'toolParameters', {
		one: 'Parameter',
		types: PARAMETER_TYPES,
		description:
			"What the model has to find out. Anything that decides whose data is shown belongs in 'Context' instead.",
		displayOptions: { show: { specifyParameters: ['fields'] } },
		examples: ['order_number', 'The number on the invoice, seven digits'],
		required: 'Whether the model has to fill in this parameter',
	}),
	jsonField('default', 'JSON Schema', 'jsonSchema', {
		typeOptions: { rows: 8 },
		default: '{\n  "type": "object",\n  "properties": {}\n}',
		description:
			'A schema of type object. Only type, properties, required, enum, items, and additionalProperties are enforced.',
		displayOptions: { show: { specifyParameters: ['json'] } },
	}),
	collectionField('default', 'Options', 'options', {
		placeholder: 'Add option',
		options: [
			numberField('default', 'Timeout', 'timeout', {
				typeOptions: { minValue: 1, maxValue: MAX_TIMEOUT_S, numberPrecision: 0 },
				default: DEFAULT_TIMEOUT_S,
				hint: 'In seconds',
				description:
					'How long the agent waits while the caller hears silence. After a change, select the tool again in the nodes that give it to agents.',
			}),
		],
	}),
];

/** The parameters of the tool trigger. */
export const TOOL_FIELDS = FIELDS.map(withoutPolicy);
