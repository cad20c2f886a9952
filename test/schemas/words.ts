/** The words in which `api.ts` writes its JSON Schemas. */

/** A JSON Schema (draft 7). */
export type Schema = Record<string, unknown>;

/** Schemas by the name of a field; `name?` may be missing. */
type Fields = Record<string, Schema>;

export const string: Schema = { type: 'string' };
/** Not blank. */
export const text: Schema = { type: 'string', pattern: '\\S' };
export const number: Schema = { type: 'number' };
export const positive: Schema = { type: 'number', exclusiveMinimum: 0 };
export const boolean: Schema = { type: 'boolean' };
/** An absolute http or https URL. */
export const url: Schema = { type: 'string', format: 'http-url' };
/** An object whose fields are the account's own. */
export const map: Schema = { type: 'object' };
export const mapOfTexts: Schema = { ...map, propertyNames: { minLength: 1 }, additionalProperties: string };

export const oneOfTexts = (...texts: string[]): Schema => ({ enum: texts });
export const matching = (pattern: string): Schema => ({ type: 'string', pattern });
export const arrayOf = (items: Schema): Schema => ({ type: 'array', items });
export const either = (...anyOf: Schema[]): Schema => ({ anyOf });
export const orNull = (schema: Schema): Schema => either(schema, { type: 'null' });

/** Fields that are alike. @param names with blanks between them */
export const fields = (names: string, schema: Schema): Fields =>
	Object.fromEntries(names.split(' ').map((name) => [name, schema]));

/** An object of these fields. Others in it are an error in requests and in the simulator's answers, and news in those of the API. */
export function object(of: Fields): Schema {
	const names = Object.keys(of);
	return {
		type: 'object',
		properties: Object.fromEntries(names.map((name) => [name.replace('?', ''), of[name]])),
		required: names.filter((name) => !name.endsWith('?')),
	};
}

/** An object of which only these fields matter. */
export const withAtLeast = (of: Fields): Schema => ({ ...object(of), additionalProperties: true });
