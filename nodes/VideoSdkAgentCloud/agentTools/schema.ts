import { type IDataObject } from 'n8n-workflow';
import { isRecord, omit } from '../api/http/responseReaders';
import { type Format, FORMATS } from './formats';

type JsonType = 'array' | 'boolean' | 'number' | 'object' | 'string';

/** What an argument may be. What is in an object or a list isn't checked. */
export interface ArgumentSchema extends IDataObject {
	type?: JsonType;
	/** Several types, in place of one. */
	anyOf?: Array<{ type: JsonType; items?: IDataObject }>;
	enum?: string[];
	/** Of a text. Agents don't get it, see `forAgents`. */
	format?: Format;
	/** Of a number, as JSON Schema has it. */
	minimum?: number;
	maximum?: number;
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

/** @returns the limits of a number, in words; undefined if it is within them */
function rangeMissed({ minimum, maximum }: ArgumentSchema, value: unknown): string | undefined {
	const isWithin = Number(value) >= (minimum ?? -Infinity) && Number(value) <= (maximum ?? Infinity);
	if (isWithin) return undefined;
	if (maximum === undefined) return `${minimum} or more`;
	return minimum === undefined ? `${maximum} or less` : `from ${minimum} to ${maximum}`;
}

/** @returns what is wrong with an argument, in a sentence; undefined if nothing is */
function problemOf(name: string, schema: ArgumentSchema, value: unknown): string | undefined {
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
const schemaOf = ({ properties }: Schema, name: string): ArgumentSchema | undefined =>
	Object.hasOwn(properties, name) ? properties[name] : undefined;

/** @returns arguments without the optional ones that are omitted, for which models send null, or a blank text */
export function withoutOmitted(schema: Schema, input: unknown): unknown {
	if (!isRecord(input)) return input;
	const isOmitted = ([name, value]: [string, unknown]) => {
		const argument = schemaOf(schema, name);
		if (argument === undefined || schema.required?.includes(name)) return false;
		return value === null || (value === '' && argument.format !== undefined);
	};
	return Object.fromEntries(Object.entries(input).filter((entry) => !isOmitted(entry)));
}

/** @returns arguments that fit, as they come out: a phone number without what people write into it */
export function cleaned(schema: Schema, input: IDataObject): IDataObject {
	return Object.fromEntries(
		Object.entries(input).map(([name, value]) => {
			const { format } = schemaOf(schema, name) ?? {};
			return [name, format ? FORMATS[format].read(String(value)) : value];
		}),
	);
}

/**
 * @returns a schema as agents get it. Formats are in the descriptions instead: VideoSDK's agents hand the schema to the model as it is,
 * and Google's models refuse a tool with a format that they don't know
 */
export function forAgents(schema: Schema): IDataObject {
	const properties = Object.entries(schema.properties).map(([name, one]) => [name, omit(one, ['format'])]);
	return { ...schema, properties: Object.fromEntries(properties) as IDataObject };
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
