import { type IDataObject } from 'n8n-workflow';
import { type Field } from './field';
import { ENV_FIELDS, groupOf, type KeyValueFields } from './keyValue';
import { type FieldReader, type ItemReader } from './reader';

/** @returns whether a value is a text, a number or a boolean; null and undefined count as an empty text, NaN and Infinity as nothing */
function isPlain(value: unknown): boolean {
	if (typeof value === 'number') return Number.isFinite(value);
	return value === null || value === undefined || ['string', 'boolean'].includes(typeof value);
}

/** @returns whether a value is an object as JSON writes it: no list, no date and no other class */
function isPlainObject(value: unknown): value is IDataObject {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
	// n8n's expressions may be evaluated in another realm, whose Object.prototype is another one.
	const prototype = Object.getPrototypeOf(value) as object | null;
	const isOfClass = prototype !== null && Object.getPrototypeOf(prototype) !== null;
	return !isOfClass && !('isLuxonDateTime' in value) && !('_isLuxonDateTime' in value);
}

/**
 * Reads pairs.
 *
 * @param field made by `pairsField`
 * @throws NodeOperationError for a blank name, one given twice, or a value that is no single value
 */
export function readPairs(read: FieldReader<unknown>, field: Field): IDataObject {
	const { groupName, keyName } = groupOf(field);
	const pairs = (read.group(field)[groupName] ?? []) as IDataObject[];
	const result: IDataObject = Object.create(null) as IDataObject;
	for (const [position, { [keyName]: rawName, value }] of pairs.entries()) {
		const entry = `Entry ${position + 1} of '${field.displayName}'`;
		if (!isPlain(rawName)) {
			throw read.fail(
				`'Name' in entry ${position + 1} of '${field.displayName}' isn't text`,
				'Its expression must return text.',
			);
		}
		const name = String(rawName ?? '').trim();
		if (name === '') throw read.fail(`${entry} has no 'Name'`, "Enter its 'Name', or remove the entry.");
		if (name in result) {
			throw read.fail(
				`'${name}' appears twice in '${field.displayName}'`,
				'Remove one of the two entries, or rename it.',
			);
		}
		if (!isPlain(value)) {
			throw read.fail(
				`The value of '${name}' in '${field.displayName}' isn't text, a number, or a boolean`,
				'Its expression must return a single value. To turn a date into text, add .toISO(). To turn an object into text, add .toJsonString().',
			);
		}
		result[name] = (value ?? '') as IDataObject[string];
	}
	return { ...result };
}

/** Reads the JSON, which n8n gives as text or, from an expression, as an object. */
function readJson(read: ItemReader, field: Field, specify: Field): IDataObject {
	const label = `'${field.displayName}'`;
	// As it is: an object with 'mode' and 'value' is no locator here.
	let value = read.raw(field) ?? '';
	if (typeof value === 'string') {
		if (value.trim() === '') return {};
		try {
			value = JSON.parse(value);
		} catch (error) {
			throw read.fail(
				`${label} isn't valid JSON`,
				`Correct it (${(error as Error).message}), or set '${specify.displayName}' to 'Using Fields Below'.`,
			);
		}
	}
	if (!isPlainObject(value)) {
		throw read.fail(
			`${label} isn't a JSON object`,
			'Write it in curly brackets, such as { "name": "value" }.',
		);
	}
	if (Object.keys(value).some((name) => name.trim() === '')) {
		throw read.fail(`${label} contains an entry without a name`, 'Give each entry a name, or remove it.');
	}
	return value;
}

/**
 * @param fields made by `metaDataFields`, or ENV_FIELDS
 * @returns the values by name, types kept; undefined if there are none
 * @throws NodeOperationError if a name is blank or given twice, a value is no single value, or the JSON is no object
 */
export function readKeyValues(
	read: ItemReader,
	[specify, pairs, json]: KeyValueFields,
): IDataObject | undefined {
	const values = read.choice(specify) === 'json' ? readJson(read, json, specify) : readPairs(read, pairs);
	return Object.keys(values).length === 0 ? undefined : values;
}

/** @returns a value as text: a date as ISO text, an object as JSON */
function asText(value: unknown): string {
	if (value === null || value === undefined) return '';
	const json = JSON.stringify(value) ?? '';
	return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

/**
 * @returns the environment variables as an object of strings, as the API takes them; undefined if there are none
 * @throws NodeOperationError see `readKeyValues`
 */
export function readEnv(read: ItemReader): Record<string, string> | undefined {
	const env = readKeyValues(read, ENV_FIELDS);
	return env && Object.fromEntries(Object.entries(env).map(([name, value]) => [name, asText(value)]));
}
