import { type INodeProperties } from 'n8n-workflow';
import { DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S } from '../VideoSdkAgentCloud/tools/timeout';

/** The parameters of the tool trigger. */
export const TOOL_FIELDS: INodeProperties[] = [
	{
		displayName:
			"End this workflow with a VideoSDK Agent Cloud node set to 'Agent Tool: Answer'. That node's input is the answer that the agent gets. Then publish the workflow and select this tool in 'Agent Tools' in the node that makes the call or starts the session.",
		name: 'answerNotice',
		type: 'notice',
		default: '',
	},
	{
		displayName: 'Tool Name',
		name: 'toolName',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. find_order',
		description:
			'The name that the model uses for this tool. Letters, digits, hyphens and underscores are allowed.',
	},
	{
		displayName: 'Tool Description',
		name: 'toolDescription',
		type: 'string',
		typeOptions: { rows: 3 },
		default: '',
		required: true,
		placeholder: "e.g. Finds the caller's latest order. Use it when the caller asks where an order is.",
		description:
			'What the tool does and when to use it. The model reads this to decide whether to use the tool.',
	},
	{
		displayName: 'Specify Parameters',
		name: 'specifyParameters',
		type: 'options',
		noDataExpression: true,
		options: [
			{ name: 'Using Fields Below', value: 'fields' },
			{ name: 'Using JSON Schema', value: 'json' },
		],
		default: 'fields',
	},
	{
		displayName: 'Parameters',
		name: 'toolParameters',
		type: 'fixedCollection',
		typeOptions: {
			multipleValues: true,
			sortable: true,
			fixedCollection: { itemTitle: '={{ $collection.item.value.name }}' },
		},
		placeholder: 'Add Parameter',
		default: {},
		description:
			"What the model has to find out during the conversation. Data that the other person must not be able to change, such as a customer number, belongs in 'Context' in the node that makes the call or starts the session.",
		displayOptions: { show: { specifyParameters: ['fields'] } },
		options: [
			{
				displayName: 'Parameter',
				name: 'parameters',
				values: [
					{
						displayName: 'Name',
						name: 'name',
						type: 'string',
						default: '',
						placeholder: 'e.g. order_number',
					},
					{
						displayName: 'Type',
						name: 'type',
						type: 'options',
						options: [
							{ name: 'Boolean', value: 'boolean' },
							{ name: 'Number', value: 'number' },
							{ name: 'String', value: 'string' },
						],
						default: 'string',
					},
					{
						displayName: 'Description',
						name: 'description',
						type: 'string',
						default: '',
						placeholder: 'e.g. The number on the invoice, seven digits',
					},
					{
						displayName: 'Required',
						name: 'required',
						type: 'boolean',
						default: false,
						description: 'Whether the model has to fill in this parameter',
					},
				],
			},
		],
	},
	{
		displayName: 'JSON Schema',
		name: 'jsonSchema',
		type: 'json',
		typeOptions: { rows: 8 },
		default: '{\n  "type": "object",\n  "properties": {}\n}',
		description:
			'The parameters, as a JSON schema of type object. n8n checks what the agent sends against it, except for pattern and format, which only the model reads.',
		displayOptions: { show: { specifyParameters: ['json'] } },
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'Timeout',
				name: 'timeout',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: MAX_TIMEOUT_S, numberPrecision: 0 },
				default: DEFAULT_TIMEOUT_S,
				hint: 'In seconds',
				description:
					"How long the agent waits for the answer. The caller hears the pause. Just before the time is up, the agent is told that the tool didn't answer.",
			},
		],
	},
];
