import { type IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/answer';

/** A JSON schema that `checkSchema` let pass. What else is in it reaches the model, and is not enforced. */
export interface Schema extends IDataObject {
	type?: string | string[];
	properties?: Record<string, Schema>;
	required?: string[];
	additionalProperties?: boolean | Schema;
	items?: Schema;
	enum?: Array<string | number | boolean | null>;
	description?: string;
}

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
/** A schema of an agent's tool is read by a model with each request. Besides, no shorter one is nested too deep. */
const MAX_SCHEMA_LENGTH = 20_000;
const MAX_PROBLEMS = 5;

const isListOf = (value: unknown, test: (entry: unknown) => boolean) =>
	Array.isArray(value) && value.every(test);
const isText = (value: unknown) => typeof value === 'string';
const isType = (value: unknown) => TYPES.includes(value as string);
const isPrimitive = (value: unknown) => typeof value !== 'object' || value === null;

/** Whether the value of a keyword that is enforced can be used. */
const KEYWORDS: Record<string, (value: unknown) => boolean> = {
	type: (value) => isType(value) || isListOf(value, isType),
	properties: isRecord,
	required: (value) => isListOf(value, isText),
	enum: (value) => isListOf(value, isPrimitive),
	items: isRecord,
	description: isText,
	additionalProperties: (value) => typeof value === 'boolean' || isRecord(value),
};

/** @returns what is wrong with a part of a schema, or undefined */
function problemIn(schema: unknown, path: string): string | undefined {
	const place = path === '' ? 'the schema' : `'${path}'`;
	if (!isRecord(schema)) return `${place} must be an object`;
	const [wrong] =
		Object.entries(KEYWORDS).find(
			([name, isValid]) => Object.hasOwn(schema, name) && !isValid(schema[name]),
		) ?? [];
	if (wrong !== undefined) return `'${wrong}' of ${place} isn't what JSON Schema allows there`;
	const { properties, items, additionalProperties } = schema as Schema;
	const rest = Object.entries({ items, additionalProperties }).filter(([, part]) => isRecord(part));
	return [...Object.entries(properties ?? {}), ...rest]
		.map(([name, part]) => problemIn(part, path === '' ? name : `${path}.${name}`))
		.find((problem) => problem !== undefined);
}

/** @returns the schema, or what is wrong with it */
export function checkSchema(value: unknown): { schema: Schema } | { problem: string } {
	if ((JSON.stringify(value) ?? '').length > MAX_SCHEMA_LENGTH) {
		return { problem: `it has more than ${MAX_SCHEMA_LENGTH.toLocaleString('en-US')} characters` };
	}
	const problem = problemIn(value, '');
	if (problem !== undefined) return { problem };
	const schema = value as Schema;
	return schema.type === 'object' ? { schema } : { problem: "the schema must have the type 'object'" };
}

function typeOf(value: unknown): string {
	if (value === null) return 'null';
	// As JSON.parse reads 1e400; n8n would store null.
	if (typeof value === 'number' && !Number.isFinite(value)) return 'infinity';
	return Array.isArray(value) ? 'array' : typeof value;
}

function* problemsOf(schema: Schema, value: unknown, name: string): Generator<string> {
	const label = name === '' ? 'The arguments' : `'${name}'`;
	const types = [schema.type ?? []].flat();
	const actual = typeOf(value);
	const isTyped = types.includes(actual) || (types.includes('integer') && Number.isInteger(value));
	if (types.length > 0 && !isTyped) {
		return yield `${label} must be of type ${types.join(' or ')}, not ${actual}.`;
	}
	if (schema.enum?.some((allowed) => allowed === value) === false) {
		return yield `${label} must be one of ${schema.enum.map((allowed) => JSON.stringify(allowed)).join(', ')}.`;
	}
	const below = (part: string | number) => (name === '' ? String(part) : `${name}.${part}`);
	const { items, properties = {}, required = [], additionalProperties } = schema;
	if (Array.isArray(value)) {
		if (items) for (const [i, entry] of value.entries()) yield* problemsOf(items, entry, below(i));
		return;
	}
	if (!isRecord(value)) return;
	for (const part of required) if (!Object.hasOwn(value, part)) yield `'${below(part)}' is missing.`;
	for (const [part, entry] of Object.entries(value)) {
		if (Object.hasOwn(properties, part)) yield* problemsOf(properties[part] ?? {}, entry, below(part));
		else if (additionalProperties === false) yield `'${below(part)}' isn't allowed.`;
		else if (isRecord(additionalProperties)) yield* problemsOf(additionalProperties, entry, below(part));
	}
}

/** @returns arguments without the optional ones that are null, as models send those that they omit */
export function withoutOmitted({ properties = {}, required = [] }: Schema, input: unknown): unknown {
	if (!isRecord(input)) return input;
	const isOmitted = (name: string) => {
		const { type } = (Object.hasOwn(properties, name) ? properties[name] : undefined) ?? {};
		return type !== undefined && ![type].flat().includes('null') && !required.includes(name);
	};
	return Object.fromEntries(
		Object.entries(input).filter(([name, value]) => value !== null || !isOmitted(name)),
	);
}

/**
 * Checks arguments against a schema. Runs no code and no regular expression from outside.
 *
 * @param value of limited depth, see `isTooDeep`
 * @returns what is wrong, in sentences for the model that chose the arguments; empty if nothing is
 */
export function argumentProblems(schema: Schema, value: unknown): string[] {
	const problems: string[] = [];
	// No more are looked for: each names all that is allowed, and an agent may send a list of thousands.
	for (const problem of problemsOf(schema, value, '')) if (problems.push(problem) === MAX_PROBLEMS) break;
	return problems;
}
