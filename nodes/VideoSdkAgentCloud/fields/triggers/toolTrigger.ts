import { type IDataObject, type INodeProperties, type IWebhookFunctions, UserError } from 'n8n-workflow';
import { asRecord, trimmed } from '../../api/http/responseReaders';
import { type Schema } from '../../agentTools/schema';
import { collectionField, numberField, textField, withoutPolicy } from '../kit/field';
import {
	NAME_FORM,
	NAME_RULE,
	type ParameterList,
	parametersField,
	schemaOfParameters,
} from '../kit/parameters';
import { DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S } from '../../agentTools/timeout';
import { RESPONSE_TOOL } from '../../security/redactTokens';

const PARAMETERS: ParameterList = {
	displayName: 'Parameters',
	name: 'toolParameters',
	one: 'Parameter',
	description:
		"What the model has to find out. Anything that decides whose data is shown belongs in 'Context' instead.",
	examples: ['order_number', 'The number on the invoice, seven digits'],
	required: 'Whether the model has to fill in this parameter',
};

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
			'What the tool does and when to use it. The model reads this if the agent is the one from Agent: Deploy, or has its n8n_tools.py.',
	}),
	parametersField(PARAMETERS),
	collectionField('default', 'Options', 'options', {
		placeholder: 'Add option',
		options: [
			numberField('default', 'Timeout', 'timeout', {
				typeOptions: { minValue: 1, maxValue: MAX_TIMEOUT_S, numberPrecision: 0 },
				default: DEFAULT_TIMEOUT_S,
				hint: 'In seconds',
				description:
					'How long the agent, and with it the caller, waits for the answer. After a change, select the tool again in the nodes that give it to agents.',
			}),
		],
	}),
];

export const TOOL_FIELDS = FIELDS.map(withoutPolicy);

function readSchema(collection: unknown): Schema {
	const { parameters = [] } = asRecord(collection) as { parameters?: IDataObject[] };
	const fail = (what: string, nextStep: string) => new UserError(`${what}. ${nextStep}`);
	return schemaOfParameters(PARAMETERS, parameters, fail);
}

function readTimeoutMs(options: unknown): number {
	const seconds = Number(trimmed(asRecord(options).timeout) || DEFAULT_TIMEOUT_S);
	if (!(seconds >= 1 && seconds <= MAX_TIMEOUT_S)) {
		throw new UserError(`'Timeout' must be a number of seconds from 1 to ${MAX_TIMEOUT_S}.`);
	}
	return seconds * 1000;
}

/** The names of the tools that the agent from Agent: Deploy has of its own, and of the one by which it hands in a response. */
const TAKEN_NAMES = ['end_call', 'current_time', RESPONSE_TOOL];

/**
 * Reads the parameters of a tool trigger.
 *
 * @returns the tool, as it's described to agents, and how long an agent may wait for it
 * @throws UserError naming the field, and what to do
 */
export function readDefinition(context: Pick<IWebhookFunctions, 'getNodeParameter'>) {
	const read = (parameter: string): unknown => context.getNodeParameter(parameter, '');
	const name = trimmed(read('toolName')).replace(/\s+/g, '_');
	if (name === '') throw new UserError("'Tool Name' is empty. Enter a name such as find_order.");
	if (!NAME_FORM.test(name)) {
		throw new UserError(`'Tool Name' is '${name}', which models don't accept. ${NAME_RULE}`);
	}
	if (TAKEN_NAMES.includes(name)) {
		throw new UserError(
			`'Tool Name' is '${name}', which is the name of a tool that agents have already. Enter a different name.`,
		);
	}
	const description = trimmed(read('toolDescription'));
	if (description === '') {
		throw new UserError(
			"'Tool Description' is empty. Say in a sentence or two what the tool does and when to use it.",
		);
	}
	return {
		name,
		description,
		inputSchema: readSchema(read('toolParameters')),
		timeoutMs: readTimeoutMs(read('options')),
	};
}
