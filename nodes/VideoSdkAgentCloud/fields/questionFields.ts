import { type IDataObject } from 'n8n-workflow';
import { RESPONSE_TOOL } from '../security/redactTokens';
import { isHumanReview } from '../n8n/tool';
import { type ArgumentSchema, type Schema } from '../agentTools/schema';
import { type Tool } from '../agentTools/server';
import { type ParameterList, parametersField, schemaOfParameters } from './kit/parameters';
import {
	CONDITION,
	NO_RESPONSE,
	QUOTE,
	VOICEMAIL,
	type ResponseForm,
	type ResponseType,
} from '../waiting/question';
import { choiceField, optionsIn, textField } from './kit/field';
import { type ItemReader } from './kit/reader';

/** The names that response fields can't have, and what they hold. */
const OWN_NAMES: Record<string, string> = {
	respondedAt: 'the time of the response',
	[QUOTE]: "the person's own words",
	[CONDITION]: 'the condition of a yes',
	[VOICEMAIL]: 'what the agent says if voicemail picks up',
	[NO_RESPONSE]: 'what the agent says if there is no response',
};

const messageField = textField('required', 'Message', 'message', {
	typeOptions: { rows: 3 },
	placeholder: 'e.g. Ask whether Thursday at 3 pm still works',
	description:
		"What the agent asks or finds out. It reads this as an instruction. Agents built in VideoSDK's dashboard don't.",
});

// No response type may be called `customForm`, for which n8n accepts nothing but multipart/form-data (seen in n8n 2.41).
const responseTypeField = choiceField('default', 'Response Type', 'responseType', {
	options: optionsIn({
		approval: { name: 'Approval', description: 'Yes or no, as <code>data.approved</code>' },
		fields: { name: 'Fields', description: 'Typed values, such as a choice and an amount' },
		freeText: { name: 'Free Text', description: 'The answer as text, as <code>data.text</code>' },
	} satisfies Record<ResponseType, object>),
	default: 'approval',
});

const RESPONSE_FIELDS: ParameterList = {
	displayName: 'Response Fields',
	name: 'responseFields',
	one: 'Field',
	without: ['json'],
	description: 'What the agent finds out. The answers are in the output, under <code>data</code>.',
	displayOptions: { show: { responseType: ['fields'] } },
	examples: ['amount', 'Monthly payment in dollars'],
	required: 'Whether a response must have this field',
	hasRequiredIf: true,
};
const responseFieldsField = parametersField(RESPONSE_FIELDS);

export const QUESTION_FIELDS = [messageField, responseTypeField, responseFieldsField];

/** @returns the form of a response's output. It never throws, because items whose fields can't be read need it as well */
export function readResponseForm(read: ItemReader): ResponseForm {
	const isReview = isHumanReview(read.context);
	try {
		return { isReview, responseType: read.choice<ResponseType>(responseTypeField) };
	} catch {
		return { isReview, responseType: 'approval' };
	}
}

/**
 * n8n's default message of a human review, which has "[object Object]" in place of the tool's input. until: n8n writes the input itself.
 */
const REVIEW_MESSAGE =
	/^=The agent wants to run this tool: \{\{ \$tool\.name \}\}\s+Input:\s+\{\{ \$tool\.parameters \}\}$/;
const NO_TEXT = '[object Object]';

const spoken = (name: string) => name.replace(/_+/g, ' ').trim();

function inWords(parameters: unknown): string {
	if (typeof parameters !== 'object' || parameters === null) return String(parameters ?? '');
	return Object.entries(parameters)
		.map(([name, value]) => {
			const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
			return `${spoken(name)}: ${text}`;
		})
		.join('; ');
}

/** @returns what to ask: the user's message or, in a human review without one, the tool and its input in words that can be spoken */
function readMessage(read: ItemReader): string {
	const isDefault = REVIEW_MESSAGE.test(String(read.entered(messageField)).trim());
	const message = isHumanReview(read.context) && isDefault ? NO_TEXT : read.text(messageField);
	if (!isHumanReview(read.context) || !message.includes(NO_TEXT)) return message;
	const { tool, toolParameters } = read.context.getInputData()[read.itemIndex]?.json ?? {};
	const input = inWords(toolParameters);
	return `An AI agent wants to use the tool "${spoken(String(tool ?? ''))}"${input === '' ? '' : ` with this input: ${input}`}. Say what it wants to do, and ask whether it may: yes or no.`;
}

/** The schema of the argument that each response has, whatever its type. */
const QUOTE_SCHEMA: ArgumentSchema = {
	type: 'string',
	description: "The person's answer in their own words, as they said it",
};

/** The schema of the argument that each response with a yes or no has besides. */
const CONDITION_SCHEMA: ArgumentSchema = {
	type: 'string',
	description:
		'Only if the person says yes on a condition, such as up to an amount or after a date: that condition. Leave it out for a plain yes or no',
};

const SCHEMAS: Record<Exclude<ResponseType, 'fields'>, Schema> = {
	approval: {
		type: 'object',
		properties: {
			approved: {
				type: 'boolean',
				description: 'true only for a yes without conditions, false for anything else',
			},
			comment: {
				type: 'string',
				description: 'Only why not, or what else they said about it. Leave it out for a plain yes',
			},
		},
		required: ['approved'],
	},
	freeText: {
		type: 'object',
		properties: { text: { type: 'string', description: 'The answer' } },
		required: ['text'],
	},
};

/** @returns the schema of a response whose fields the user has entered */
function readFields(read: ItemReader): Schema {
	const entries = read.entries(responseFieldsField);
	const { displayName: list } = RESPONSE_FIELDS;
	if (entries.length === 0) throw read.fail(`'${list}' is empty`, 'Add at least one field.');
	for (const [position, { enteredValues }] of entries.entries()) {
		const { requiredIf, ...texts } = enteredValues;
		for (const text of Object.values({ ...texts, ...(requiredIf as IDataObject | undefined) })) {
			read.refuseUnevaluated(`Field ${position + 1} in '${list}'`, text);
		}
	}
	const given = entries.map(({ values }) => values);
	const schema = schemaOfParameters(RESPONSE_FIELDS, given, (what, nextStep) => read.fail(what, nextStep));
	const taken = Object.keys(OWN_NAMES).find((name) => Object.hasOwn(schema.properties, name));
	if (taken === undefined) return schema;
	throw read.fail(
		`'${taken}' in '${list}' is the name of ${OWN_NAMES[taken]}`,
		'Give the field a different name.',
	);
}

/**
 * Reads the question.
 *
 * VideoSDK's agents framework doesn't pass a tool's description to the model (utils.py, create_generic_mcp_adapter), so the question is
 * also the description of the schema and of its first argument. until: the framework passes descriptions on.
 *
 * @returns the tool that tells the agent the question, and by which it hands in the response
 * @throws NodeOperationError naming the field
 */
export function readQuestionTool(read: ItemReader): Tool {
	const message = readMessage(read);
	const responseType = read.choice<ResponseType>(responseTypeField);
	const schema = responseType === 'fields' ? readFields(read) : SCHEMAS[responseType];
	const description = `${message}\n\nCall ${RESPONSE_TOOL} once, as soon as you have the answer. Then say goodbye.`;
	const [[name, first] = ['', {}], ...others] = Object.entries(schema.properties);
	const withMessage = {
		...first,
		description: [first.description, `The question: ${message}`].filter(Boolean).join('. '),
	};
	const hasYes = Object.values(schema.properties).some(({ type }) => type === 'boolean');
	const properties = {
		[name]: withMessage,
		...Object.fromEntries(others),
		...(hasYes && { [CONDITION]: CONDITION_SCHEMA }),
		[QUOTE]: QUOTE_SCHEMA,
	};
	return { name: RESPONSE_TOOL, description, inputSchema: { ...schema, properties, description } };
}
