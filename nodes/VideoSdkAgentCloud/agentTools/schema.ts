import { type IDataObject } from 'n8n-workflow';
import { isRecord, omit } from '../api/http/responseReaders';
import { type Format, FORMATS } from './formats';

type JsonType = 'array' | 'boolean' | 'number' | 'object' | 'string';

/** The schema of one argument. The contents of an object or a list aren't checked. */
export interface ArgumentSchema extends IDataObject {
	type?: JsonType;
	/** Several possible types, in place of `type`. */
	anyOf?: Array<{ type: JsonType; items?: IDataObject }>;
	enum?: string[];
	/** The format of a text. Agents don't get it, see `forAgents`. */
	format?: Format;
	/** The range of a number, as in JSON Schema. */
	minimum?: number;
	maximum?: number;
	description?: string;
	/** Makes the argument required if another one has a value. Agents don't get it, see `forAgents`. */
	requiredIf?: { field: string; value: boolean | number | string };
}

/** The JSON schema of a tool's arguments. Arguments that it doesn't name are let through. */
export interface Schema extends IDataObject {
	type: 'object';
	properties: Record<string, ArgumentSchema>;
	required?: string[];
	description?: string;
}

const typesOf = ({ type, anyOf = [] }: ArgumentSchema) => (type ? [type] : anyOf.map((one) => one.type));

function typeOf(value: unknown): string {
	if (value === null) return 'null';
	// JSON.parse reads 1e400 as Infinity, of which n8n would store null.
	if (typeof value === 'number' && !Number.isFinite(value)) return 'infinity';
	return Array.isArray(value) ? 'array' : typeof value;
}

const mismatch = (label: string, types: string[], value: unknown) =>
	`${label} must be of type ${types.join(' or ')}, not ${typeOf(value)}.`;

/** @returns the range that a number misses, in words; undefined if the number is within it */
function rangeMissed({ minimum, maximum }: ArgumentSchema, value: unknown): string | undefined {
	const isWithin = Number(value) >= (minimum ?? -Infinity) && Number(value) <= (maximum ?? Infinity);
	if (isWithin) return undefined;
	if (maximum === undefined) return `${minimum} or more`;
	return minimum === undefined ? `${maximum} or less` : `from ${minimum} to ${maximum}`;
}

/** @returns what is wrong with an argument, in a sentence; undefined if nothing is */
function argumentProblem(name: string, schema: ArgumentSchema, value: unknown): string | undefined {
	const types: string[] = typesOf(schema);
	if (!types.includes(typeOf(value))) return mismatch(`'${name}'`, types, value);
	if (schema.enum?.includes(value as string) === false) {
		return `'${name}' must be one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}.`;
	}
	if (schema.format && FORMATS[schema.format].read(String(value)) === undefined) {
		return `'${name}' must be ${FORMATS[schema.format].is}.`;
	}
	const range = types.includes('number') ? rangeMissed(schema, value) : undefined;
	return range && `'${name}' must be ${range}.`;
}

/** @returns the schema of an argument; undefined if the schema doesn't name it */
const argumentIn = ({ properties }: Schema, name: string): ArgumentSchema | undefined =>
	Object.hasOwn(properties, name) ? properties[name] : undefined;

/** @returns the arguments without optional ones for which a model sent null, or an empty text for one with a format, to omit them */
export function withoutOmitted(schema: Schema, input: unknown): unknown {
	if (!isRecord(input)) return input;
	const isOmitted = ([name, value]: [string, unknown]) => {
		const argument = argumentIn(schema, name);
		if (argument === undefined || schema.required?.includes(name)) return false;
		return value === null || (value === '' && argument.format !== undefined);
	};
	return Object.fromEntries(Object.entries(input).filter((entry) => !isOmitted(entry)));
}

/** @returns arguments that fit the schema in their final form, such as a phone number without spaces */
export function cleaned(schema: Schema, input: IDataObject): IDataObject {
	return Object.fromEntries(
		Object.entries(input).map(([name, value]) => {
			const { format } = argumentIn(schema, name) ?? {};
			return [name, format ? FORMATS[format].read(String(value)) : value];
		}),
	);
}

/**
 * @returns the schema for agents, without formats and conditions, which the descriptions name instead: VideoSDK's agents pass the schema
 * on unchanged (docs/dev/api-truth.md, An agent's tools), and Google's models refuse a tool with a format that they don't know
 */
export function forAgents(schema: Schema): IDataObject {
	const properties = Object.entries(schema.properties).map(([name, one]) => [
		name,
		omit(one, ['format', 'requiredIf']),
	]);
	return { ...schema, properties: Object.fromEntries(properties) as IDataObject };
}

/** @returns the names of the arguments that these arguments must have */
export function requiredIn({ properties, required = [] }: Schema, input: IDataObject): string[] {
	const isDue = ({ requiredIf: when }: ArgumentSchema) =>
		when !== undefined && Object.hasOwn(input, when.field) && input[when.field] === when.value;
	return [...required, ...Object.keys(properties).filter((name) => isDue(properties[name] ?? {}))];
}

/** @returns what is wrong with the arguments, in sentences for the model that chose them; empty if nothing is wrong */
export function argumentProblems(schema: Schema, input: unknown): string[] {
	if (!isRecord(input)) return [mismatch('The arguments', ['object'], input)];
	const { properties } = schema;
	const missing = requiredIn(schema, input).filter((name) => !Object.hasOwn(input, name));
	const given = Object.entries(properties).filter(([name]) => Object.hasOwn(input, name));
	return [
		...missing.map((name) => `'${name}' is missing.`),
		...given.flatMap(([name, one]) => argumentProblem(name, one, input[name]) ?? []),
	];
}
