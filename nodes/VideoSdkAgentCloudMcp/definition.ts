import { type IDataObject, type IWebhookFunctions, UserError } from 'n8n-workflow';
import { asRecord } from '../VideoSdkAgentCloud/api/answer';
import { checkSchema, type Schema } from '../VideoSdkAgentCloud/mcp/schema';
import { type Tool } from '../VideoSdkAgentCloud/mcp/server';
import { NAME_FORM, NAME_RULE, schemaOfParameters } from '../VideoSdkAgentCloud/fields/parameters';
import { PARAMETER_TYPES } from '../VideoSdkAgentCloud/fields/toolTrigger';
import { DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S } from '../VideoSdkAgentCloud/tools/timeout';

/** What an agent learns of a tool, and how long it may wait for it. */
export interface ToolDefinition extends Tool {
	timeoutMs: number;
}

const asText = (value: unknown) => String(value ?? '').trim();

function schemaOfFields(collection: unknown): Schema {
	const { parameters = [] } = asRecord(collection) as { parameters?: IDataObject[] };
	return schemaOfParameters(
		parameters,
		PARAMETER_TYPES,
		{ list: 'Parameters', one: 'Parameter' },
		(what, nextStep) => new UserError(`${what}. ${nextStep}`),
	);
}

function parseSchema(text: string): ReturnType<typeof checkSchema> {
	try {
		return checkSchema(text.trim() === '' ? { type: 'object' } : JSON.parse(text));
	} catch (error) {
		return { problem: `it isn't valid JSON (${(error as Error).message})` };
	}
}

function schemaOfJson(given: unknown): Schema {
	const checked = typeof given === 'string' ? parseSchema(given) : checkSchema(given);
	if ('schema' in checked) return checked.schema;
	throw new UserError(`'JSON Schema' can't be used, because ${checked.problem}.`);
}

function readTimeoutMs(options: unknown): number {
	const seconds = Number(asText(asRecord(options).timeout) || DEFAULT_TIMEOUT_S);
	if (!(seconds >= 1 && seconds <= MAX_TIMEOUT_S)) {
		throw new UserError(`'Timeout' must be a number of seconds from 1 to ${MAX_TIMEOUT_S}.`);
	}
	return seconds * 1000;
}

/**
 * Reads the parameters of a tool trigger.
 *
 * @throws UserError naming the field, and what to do
 */
export function readDefinition(context: Pick<IWebhookFunctions, 'getNodeParameter'>): ToolDefinition {
	const read = (parameter: string): unknown => context.getNodeParameter(parameter, '');
	const name = asText(read('toolName')).replace(/\s+/g, '_');
	if (name === '') throw new UserError("'Tool Name' is empty. Enter a name such as find_order.");
	if (!NAME_FORM.test(name)) {
		throw new UserError(`'Tool Name' is '${name}', which models don't accept. ${NAME_RULE}`);
	}
	const description = asText(read('toolDescription'));
	if (description === '') {
		throw new UserError(
			"'Tool Description' is empty. Say in a sentence or two what the tool does and when to use it.",
		);
	}
	const isJson = read('specifyParameters') === 'json';
	const inputSchema = isJson ? schemaOfJson(read('jsonSchema')) : schemaOfFields(read('toolParameters'));
	return { name, description, inputSchema, timeoutMs: readTimeoutMs(read('options')) };
}
