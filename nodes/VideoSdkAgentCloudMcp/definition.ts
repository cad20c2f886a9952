import { type IDataObject } from 'n8n-workflow';
import { DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S } from '../VideoSdkAgentCloud/tools/timeout';
import { checkSchema, type Schema } from './schema';

/** What an agent learns of a tool, and how long it may wait for it. */
export interface ToolDefinition {
	name: string;
	description: string;
	inputSchema: Schema;
	timeoutMs: number;
}

/** Names that the models of all large providers take. */
const TOOL_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const PARAMETER_TYPES = ['string', 'number', 'boolean'];

/** Thrown by `readDefinition`: what is wrong, and what to do. */
export class DefinitionError extends Error {
	constructor(
		message: string,
		readonly nextStep: string,
	) {
		super(message);
	}
}

/** Reads a node's parameter by its name. */
type Read = (name: string, fallback: unknown) => unknown;

function schemaOfFields(collection: unknown): Schema {
	const parameters = (((collection ?? {}) as IDataObject).parameters ?? []) as IDataObject[];
	const properties: Record<string, Schema> = Object.create(null) as Record<string, Schema>;
	const required: string[] = [];
	for (const [position, parameter] of parameters.entries()) {
		const entry = `Parameter ${position + 1} in 'Parameters'`;
		const name = String(parameter.name ?? '').trim();
		const type = String(parameter.type ?? 'string');
		const description = String(parameter.description ?? '').trim();
		if (!TOOL_NAME.test(name)) {
			throw new DefinitionError(
				name === '' ? `${entry} has no 'Name'` : `${entry} has the name '${name}', which models don't accept`,
				'Use letters, digits, hyphens and underscores, starting with a letter or an underscore.',
			);
		}
		if (name in properties) {
			throw new DefinitionError(
				`'${name}' appears twice in 'Parameters'`,
				`Remove or rename one of the parameters named '${name}'.`,
			);
		}
		if (!PARAMETER_TYPES.includes(type)) {
			throw new DefinitionError(`${entry} has the type '${type}'`, `Use ${PARAMETER_TYPES.join(', ')}.`);
		}
		properties[name] = { type, ...(description !== '' && { description }) };
		if (parameter.required === true) required.push(name);
	}
	return { type: 'object', properties: { ...properties }, ...(required.length > 0 && { required }) };
}

/** @returns the schema that a text holds, checked, or what is wrong with it */
function parseSchema(text: string): ReturnType<typeof checkSchema> {
	try {
		return checkSchema(text.trim() === '' ? { type: 'object' } : JSON.parse(text));
	} catch (error) {
		return { problem: `The schema isn't valid JSON: ${(error as Error).message}` };
	}
}

function schemaOfJson(given: unknown): Schema {
	const checked = typeof given === 'string' ? parseSchema(given) : checkSchema(given);
	if ('schema' in checked) return checked.schema;
	throw new DefinitionError("'JSON Schema' can't be used", `${checked.problem}.`);
}

function readTimeoutMs(options: unknown): number {
	const { timeout = DEFAULT_TIMEOUT_S } = (options ?? {}) as IDataObject;
	const seconds = Number(timeout);
	if (timeout === '' || timeout === null || !(seconds >= 1 && seconds <= MAX_TIMEOUT_S)) {
		const range = `a number of seconds from 1 to ${MAX_TIMEOUT_S}`;
		throw new DefinitionError(`'Timeout' must be ${range}`, `Enter ${range} in 'Timeout'.`);
	}
	return seconds * 1000;
}

/**
 * Reads the parameters of a tool trigger.
 *
 * @throws DefinitionError naming the field
 */
export function readDefinition(read: Read): ToolDefinition {
	const name = String(read('toolName', '') ?? '').trim();
	if (!TOOL_NAME.test(name)) {
		throw new DefinitionError(
			name === '' ? "'Tool Name' is empty" : `'Tool Name' is '${name}', which models don't accept`,
			'Use up to 64 letters, digits, hyphens and underscores, starting with a letter or an underscore, such as find_order.',
		);
	}
	const description = String(read('toolDescription', '') ?? '').trim();
	if (description === '') {
		throw new DefinitionError(
			"'Tool Description' is empty",
			"In 'Tool Description', say in a sentence or two what the tool does and when to use it. The model reads the description to decide whether to use the tool.",
		);
	}
	const isJson = read('specifyParameters', 'fields') === 'json';
	const inputSchema = isJson
		? schemaOfJson(read('jsonSchema', {}))
		: schemaOfFields(read('toolParameters', {}));
	return { name, description, inputSchema, timeoutMs: readTimeoutMs(read('options', {})) };
}
