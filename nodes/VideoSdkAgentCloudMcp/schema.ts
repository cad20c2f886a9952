import { type IDataObject } from 'n8n-workflow';

/** A JSON schema that `checkSchema` let pass. */
export interface Schema extends IDataObject {
	type?: string | string[];
	properties?: Record<string, Schema>;
	required?: string[];
	additionalProperties?: boolean;
	items?: Schema;
	enum?: Array<string | number | boolean | null>;
}

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
const MAX_DEPTH = 10;
/** A schema of an agent's tool is read by a model with each request. */
const MAX_SCHEMA_LENGTH = 20_000;

const isObject = (value: unknown): value is IDataObject =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown) => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown) => Number.isInteger(value) && Number(value) >= 0;
const isListOf = (test: (entry: unknown) => boolean) => (value: unknown) =>
	Array.isArray(value) && value.length > 0 && value.every(test);
const isType = (value: unknown) => TYPES.includes(value as string);
const isPrimitive = (value: unknown) =>
	value === null || ['string', 'number', 'boolean'].includes(typeof value);
const isAnything = () => true;

/** The keywords that a schema may have, with what each of them must be. Those after the empty line only reach the model. */
const KEYWORDS: Record<string, [test: (value: unknown) => boolean, expected: string]> = {
	type: [
		(value) => isType(value) || isListOf(isType)(value),
		`one of ${TYPES.join(', ')}, or a list of these`,
	],
	properties: [isObject, 'an object'],
	required: [(value) => Array.isArray(value) && value.every(isText), 'a list of names'],
	additionalProperties: [(value) => typeof value === 'boolean', 'true or false'],
	enum: [isListOf(isPrimitive), 'a list of strings, numbers or booleans'],
	items: [isObject, 'a schema'],
	minItems: [isCount, 'a whole number'],
	maxItems: [isCount, 'a whole number'],
	minimum: [isNumber, 'a number'],
	maximum: [isNumber, 'a number'],
	minLength: [isCount, 'a whole number'],
	maxLength: [isCount, 'a whole number'],

	$schema: [isText, 'a string'],
	title: [isText, 'a string'],
	description: [isText, 'a string'],
	default: [isAnything, 'a value'],
	examples: [Array.isArray, 'a list'],
	pattern: [isText, 'a string'],
	format: [isText, 'a string'],
};

/** @returns what is wrong with a part of a schema, or undefined */
function problemIn(schema: unknown, path: string, depth: number): string | undefined {
	const place = path === '' ? 'The schema' : `'${path}'`;
	if (!isObject(schema)) return `${place} must be an object`;
	if (depth > MAX_DEPTH) return `${place} is nested more than ${MAX_DEPTH} levels deep`;
	for (const [name, value] of Object.entries(schema)) {
		if (!Object.hasOwn(KEYWORDS, name)) {
			return `${place} has the keyword '${name}', which isn't supported. Use ${Object.keys(KEYWORDS).join(', ')}`;
		}
		const [test, expected] = KEYWORDS[name] as (typeof KEYWORDS)[string];
		if (!test(value))
			return `'${name}' of ${place === 'The schema' ? 'the schema' : place} must be ${expected}`;
	}
	const below = (name: string) => (path === '' ? name : `${path}.${name}`);
	if (schema.items !== undefined) {
		const problem = problemIn(schema.items, below('items'), depth + 1);
		if (problem !== undefined) return problem;
	}
	for (const [name, property] of Object.entries((schema.properties ?? {}) as IDataObject)) {
		const problem = problemIn(property, below(name), depth + 1);
		if (problem !== undefined) return problem;
	}
	return undefined;
}

/**
 * Checks that a schema has only the keywords that are supported, so that no rule in it is silently left out.
 *
 * @returns the schema, or a sentence about what is wrong with it
 */
export function checkSchema(value: unknown): { schema: Schema } | { problem: string } {
	const problem = problemIn(value, '', 0);
	if (problem !== undefined) return { problem };
	const schema = value as Schema;
	if (schema.type !== 'object') return { problem: "The schema must have the type 'object'" };
	if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH) {
		return { problem: `The schema has more than ${MAX_SCHEMA_LENGTH.toLocaleString('en-US')} characters` };
	}
	return { schema };
}

function typeOf(value: unknown): string {
	if (value === null) return 'null';
	return Array.isArray(value) ? 'array' : typeof value;
}

function hasType(value: unknown, type: string): boolean {
	return type === 'integer' ? Number.isInteger(value) : typeOf(value) === type;
}

const entries = (count: number) => `${count} ${count === 1 ? 'entry' : 'entries'}`;

/** @returns what is wrong with a text, number or list, in words for a model, or undefined */
function limitProblem(schema: Schema, value: unknown): string | undefined {
	const { minimum, maximum, minLength, maxLength, minItems, maxItems } = schema as Record<
		string,
		number | undefined
	>;
	if (typeof value === 'number') {
		if (minimum !== undefined && value < minimum) return `must be at least ${minimum}`;
		if (maximum !== undefined && value > maximum) return `must be at most ${maximum}`;
	}
	if (typeof value === 'string') {
		// Characters, as JSON schema counts them, not UTF-16 units.
		const { length } = [...value];
		if (minLength !== undefined && length < minLength) {
			return minLength === 1 ? 'must not be empty' : `must have at least ${minLength} characters`;
		}
		if (maxLength !== undefined && length > maxLength) return `must have at most ${maxLength} characters`;
	}
	if (Array.isArray(value)) {
		if (minItems !== undefined && value.length < minItems) return `must have at least ${entries(minItems)}`;
		if (maxItems !== undefined && value.length > maxItems) return `must have at most ${entries(maxItems)}`;
	}
	return undefined;
}

function problemsOf(schema: Schema, value: unknown, name: string): string[] {
	const label = name === '' ? 'The arguments' : `'${name}'`;
	const types = schema.type === undefined ? [] : [schema.type].flat();
	if (types.length > 0 && !types.some((type) => hasType(value, type))) {
		return [`${label} must be of type ${types.join(' or ')}, not ${typeOf(value)}.`];
	}
	if (schema.enum !== undefined && !schema.enum.some((allowed) => allowed === value)) {
		return [`${label} must be one of ${schema.enum.map((allowed) => JSON.stringify(allowed)).join(', ')}.`];
	}
	const limit = limitProblem(schema, value);
	if (limit !== undefined) return [`${label} ${limit}.`];
	const below = (part: string) => (name === '' ? part : `${name}.${part}`);
	if (Array.isArray(value)) {
		const { items } = schema;
		return items === undefined ? [] : value.flatMap((entry, i) => problemsOf(items, entry, below(String(i))));
	}
	if (!isObject(value)) return [];
	const { properties = {} } = schema;
	const missing = (schema.required ?? []).filter((part) => !Object.hasOwn(value, part));
	const others = Object.keys(value).filter((part) => !Object.hasOwn(properties, part));
	return [
		...missing.map((part) => `'${below(part)}' is missing.`),
		...(schema.additionalProperties === false ? others : []).map((part) => `'${below(part)}' isn't allowed.`),
		...Object.entries(properties).flatMap(([part, property]) =>
			Object.hasOwn(value, part) ? problemsOf(property, value[part], below(part)) : [],
		),
	];
}

const MAX_PROBLEMS = 5;

/**
 * Checks arguments against a schema. Runs no code and no regular expression from outside.
 *
 * @param schema as `checkSchema` gave it
 * @param value of limited depth, see `isTooDeep`
 * @returns what is wrong, in sentences for the model that chose the arguments; empty if nothing is
 */
export function argumentProblems(schema: Schema, value: unknown): string[] {
	return problemsOf(schema, value, '').slice(0, MAX_PROBLEMS);
}
