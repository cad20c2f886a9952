import { type IDataObject, UserError } from 'n8n-workflow';
import { checkSchema, type Schema } from '../VideoSdkAgentCloud/mcp/schema';
import { type Tool } from '../VideoSdkAgentCloud/mcp/server';
import { DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S } from '../VideoSdkAgentCloud/tools/timeout';

/** What an agent learns of a tool, and how long it may wait for it. */
export interface ToolDefinition extends Tool {
	timeoutMs: number;
}

/** Names that the models of all large providers take. */
const TOOL_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const NAME_RULE =
	'Use up to 64 letters, digits, hyphens, and underscores, starting with a letter or an underscore.';
const PARAMETER_TYPES = ['string', 'number', 'boolean'];

/** Reads a node's parameter by its name. */
type Read = (name: string, fallback: unknown) => unknown;

const asText = (value: unknown) => String(value ?? '').trim();

function schemaOfFields(collection: unknown): Schema {
	const parameters = (((collection ?? {}) as IDataObject).parameters ?? []) as IDataObject[];
	const properties = new Map<string, Schema>();
	const required: string[] = [];
	for (const [position, parameter] of parameters.entries()) {
		const entry = `Parameter ${position + 1} in 'Parameters'`;
		const name = asText(parameter.name);
		const type = String(parameter.type ?? 'string');
		const description = asText(parameter.description);
		if (name === '') throw new UserError(`${entry} has no 'Name'. ${NAME_RULE}`);
		if (!TOOL_NAME.test(name)) {
			throw new UserError(`${entry} has the name '${name}', which models don't accept. ${NAME_RULE}`);
		}
		if (properties.has(name)) {
			throw new UserError(`'${name}' appears twice in 'Parameters'. Remove or rename one of the two.`);
		}
		if (!PARAMETER_TYPES.includes(type)) {
			throw new UserError(`${entry} has the type '${type}'. Use ${PARAMETER_TYPES.join(', ')}.`);
		}
		properties.set(name, { type, ...(description !== '' && { description }) });
		if (parameter.required !== false) required.push(name);
	}
	return {
		type: 'object',
		properties: Object.fromEntries(properties),
		...(required.length > 0 && { required }),
	};
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
	const seconds = Number(asText((options as IDataObject | undefined)?.timeout) || DEFAULT_TIMEOUT_S);
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
export function readDefinition(read: Read): ToolDefinition {
	const name = asText(read('toolName', '')).replace(/\s+/g, '_');
	if (name === '') throw new UserError("'Tool Name' is empty. Enter a name such as find_order.");
	if (!TOOL_NAME.test(name)) {
		throw new UserError(`'Tool Name' is '${name}', which models don't accept. ${NAME_RULE}`);
	}
	const description = asText(read('toolDescription', ''));
	if (description === '') {
		throw new UserError(
			"'Tool Description' is empty. Say in a sentence or two what the tool does and when to use it.",
		);
	}
	const isJson = read('specifyParameters', 'fields') === 'json';
	const inputSchema = isJson
		? schemaOfJson(read('jsonSchema', {}))
		: schemaOfFields(read('toolParameters', {}));
	return { name, description, inputSchema, timeoutMs: readTimeoutMs(read('options', {})) };
}
