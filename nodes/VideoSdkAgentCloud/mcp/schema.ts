import { type IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/answer';

type JsonType = 'array' | 'boolean' | 'number' | 'object' | 'string';

/** What an argument may be. What is in an object or a list isn't checked. */
export interface ArgumentSchema extends IDataObject {
	type?: JsonType;
	/** Several types, in place of one. */
	anyOf?: Array<{ type: JsonType; items?: IDataObject }>;
	enum?: string[];
	description?: string;
}

/** The JSON schema of a tool's arguments. Others than those it names are let through. */
export interface Schema extends IDataObject {
	type: 'object';
	properties: Record<string, ArgumentSchema>;
	required?: string[];
	description?: string;
}

const typesOf = ({ type, anyOf = [] }: ArgumentSchema) => (type ? [type] : anyOf.map((one) => one.type));

function typeOf(value: unknown): string {
	if (value === null) return 'null';
	// As JSON.parse reads 1e400; n8n would store null.
	if (typeof value === 'number' && !Number.isFinite(value)) return 'infinity';
	return Array.isArray(value) ? 'array' : typeof value;
}

const mismatch = (label: string, types: string[], value: unknown) =>
	`${label} must be of type ${types.join(' or ')}, not ${typeOf(value)}.`;

/** @returns what is wrong with an argument, in a sentence; undefined if nothing is */
function problemOf(name: string, schema: ArgumentSchema, value: unknown): string | undefined {
	const types: string[] = typesOf(schema);
	if (!types.includes(typeOf(value))) return mismatch(`'${name}'`, types, value);
	if (schema.enum?.includes(value as string) === false) {
		return `'${name}' must be one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}.`;
	}
	return undefined;
}

/** @returns arguments without the optional ones that are null, as models send those that they omit */
export function withoutOmitted({ properties, required = [] }: Schema, input: unknown): unknown {
	if (!isRecord(input)) return input;
	const isOmitted = (name: string) => Object.hasOwn(properties, name) && !required.includes(name);
	return Object.fromEntries(
		Object.entries(input).filter(([name, value]) => value !== null || !isOmitted(name)),
	);
}

/** @returns what is wrong with arguments, in sentences for the model that chose them; empty if nothing is */
export function argumentProblems({ properties, required = [] }: Schema, input: unknown): string[] {
	if (!isRecord(input)) return [mismatch('The arguments', ['object'], input)];
	const missing = required.filter((name) => !Object.hasOwn(input, name));
	const given = Object.entries(properties).filter(([name]) => Object.hasOwn(input, name));
	return [
		...missing.map((name) => `'${name}' is missing.`),
		...given.flatMap(([name, schema]) => problemOf(name, schema, input[name]) ?? []),
	];
}
