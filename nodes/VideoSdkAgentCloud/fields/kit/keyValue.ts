import { type IDataObject, type INodeProperties, type INodePropertyCollection } from 'n8n-workflow';
import {
	CONVERSATION_ENTRY,
	KEY_ENTRY,
	TASK_ENTRY,
	TASK_VARIABLE,
	TOOLS_ENTRY,
	TOOLS_VARIABLE,
} from '../../security/redactTokens';
import { type Blank, choiceField, type Field, groupField, jsonField, namedEntries, textField } from './field';
import { type FieldReader, type ItemReader } from './reader';

/**
 * The names of n8n's own entries. The user's data can't have them, because an agent trusts them, and text of an expression may hold them.
 */
const OWN_NAMES = [TOOLS_ENTRY, TOOLS_VARIABLE, TASK_ENTRY, TASK_VARIABLE, CONVERSATION_ENTRY, KEY_ENTRY];

/** The three parameters for names and values, which the user enters as pairs or as JSON. */
export type KeyValueFields = [specify: Field, pairs: Field, json: Field];

/** An entry of a collection of pairs: its label, the name of its group, the name of the field for its name, and an example of a name. */
type Entry = [label: string, groupName: string, keyName: string, example: string];

/** Makes the collection in which pairs are entered. */
export function pairsField<B extends Blank>(
	blank: B,
	displayName: string,
	name: string,
	description: string,
	[label, groupName, keyName, example]: Entry,
): Field<B> {
	const values = [
		textField('default', 'Name', keyName, { placeholder: `e.g. ${example}` }),
		textField('default', 'Value', 'value', {}),
	];
	return groupField(blank, displayName, name, {
		typeOptions: namedEntries(keyName),
		placeholder: `Add ${label}`,
		description,
		options: [{ displayName: label, name: groupName, values }],
	});
}

function keyValueFields(
	specifyName: string,
	pairs: Field,
	jsonName: string,
	json: Pick<INodeProperties, 'placeholder' | 'description'>,
): KeyValueFields {
	const shownFor = (value: string) => ({ show: { [specifyName]: [value] } });
	return [
		choiceField('default', `Specify ${pairs.displayName}`, specifyName, {
			noDataExpression: true,
			options: [
				{ name: 'Using Fields Below', value: 'keypair' },
				{ name: 'Using JSON', value: 'json' },
			],
			default: 'keypair',
		}),
		{ ...pairs, displayOptions: shownFor('keypair') },
		jsonField('default', `${pairs.displayName} (JSON)`, jsonName, {
			default: '{}',
			...json,
			displayOptions: shownFor('json'),
		}),
	];
}

const ENV_DESCRIPTION = "Values for the agent's code to read, such as the customer's name";
const VARIABLE: Entry = ['Variable', 'variables', 'name', 'CUSTOMER_NAME'];

const envField = pairsField('default', 'Environment Variables', 'env', ENV_DESCRIPTION, VARIABLE);

/** The option for the environment variables of a deployed agent, in which only pairs can be entered. */
export const envOption = {
	...envField,
	description: "Values for the agent's code, stored as a secret at VideoSDK",
};

export const ENV_FIELDS = keyValueFields('specifyEnv', envField, 'jsonEnv', {
	placeholder: 'e.g. { "CUSTOMER_NAME": "Ada" }',
	description: 'Environment variables as a JSON object. All values are sent as text.',
});

export const ENTRY: Entry = ['Entry', 'entries', 'key', 'customerId'];

/**
 * Makes the parameters for a user's own data, which is sent with a session, dispatch or call.
 *
 * @param purpose what the data is for, in one sentence or two
 */
export function metaDataFields(purpose: string): KeyValueFields {
	const pairs = pairsField('default', 'Metadata', 'metaData', purpose, ENTRY);
	return keyValueFields('specifyMetaData', pairs, 'jsonMetaData', {
		placeholder: 'e.g. { "customerId": 4711 }',
		description: 'Metadata as a JSON object. Numbers, lists, and nested objects keep their types.',
	});
}

/** @returns whether a value is a text, a finite number or a boolean */
function isPlain(value: unknown): boolean {
	return Number.isFinite(value) || ['string', 'boolean'].includes(typeof value);
}

/** @returns whether a value is a plain object, and not a list, a date or an instance of another class */
function isPlainObject(value: unknown): value is IDataObject {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
	// n8n may evaluate expressions in another realm, which has its own Object.prototype.
	const prototype = Object.getPrototypeOf(value) as object | null;
	const isOfClass = prototype !== null && Object.getPrototypeOf(prototype) !== null;
	return !isOfClass && !('isLuxonDateTime' in value) && !('_isLuxonDateTime' in value);
}

/**
 * Reads a collection of pairs.
 *
 * @param field the result of `pairsField`
 * @throws NodeOperationError for a blank name, one given twice, or a value that is no single value
 */
export function readPairs(read: FieldReader, field: Field): IDataObject {
	const [{ values }] = field.options as [INodePropertyCollection];
	const [nameField, valueField] = values as [INodeProperties, INodeProperties];
	const result = new Map<string, IDataObject[string]>();
	for (const [position, pair] of read.entries(field).entries()) {
		const entry = `Entry ${position + 1} of '${field.displayName}'`;
		const rawName = pair.raw(nameField) ?? '';
		if (!isPlain(rawName)) {
			throw read.fail(
				`'Name' in entry ${position + 1} of '${field.displayName}' isn't text`,
				'Its expression must return text.',
			);
		}
		read.refuseUnevaluated(entry, pair.entered(nameField));
		const name = String(rawName).trim();
		if (name === '') throw read.fail(`${entry} has no 'Name'`, "Enter its 'Name', or remove the entry.");
		if (result.has(name)) {
			throw read.fail(
				`'${name}' appears twice in '${field.displayName}'`,
				'Remove one of the two entries, or rename it.',
			);
		}
		read.refuseUnevaluated(`'${name}' in '${field.displayName}'`, pair.entered(valueField));
		const value = pair.raw(valueField) ?? '';
		if (!isPlain(value)) {
			throw read.fail(
				`The value of '${name}' in '${field.displayName}' isn't text, a number, or a boolean`,
				'Its expression must return a single value. To turn a date into text, add .toISO(). To turn an object into text, add .toJsonString().',
			);
		}
		result.set(name, value as IDataObject[string]);
	}
	return Object.fromEntries(result);
}

/** Reads the JSON, which n8n gives as text or, from an expression, as an object. */
function readJson(read: ItemReader, field: Field, specify: Field): IDataObject {
	const label = `'${field.displayName}'`;
	read.refuseUnevaluated(label, read.entered(field));
	// The raw value is read, because an object with 'mode' and 'value' is no resource locator here.
	let value: unknown = read.raw(field) ?? '';
	if (typeof value === 'string') {
		if (value.trim() === '') return {};
		value = read.parse(field, value, `'${specify.displayName}' to 'Using Fields Below'`);
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
 * Reads the three parameters for names and values.
 *
 * @param fields the result of `metaDataFields`, or ENV_FIELDS
 * @returns the values by name, types kept; undefined if there are none
 * @throws NodeOperationError if a name is blank, given twice or n8n's own, a value is no single value, or the JSON is no object
 */
export function readKeyValues(
	read: ItemReader,
	[specify, pairs, json]: KeyValueFields,
): IDataObject | undefined {
	const isJson = read.choice(specify) === 'json';
	const values = isJson ? readJson(read, json, specify) : readPairs(read, pairs);
	refuseOwnNames(read, pairs, values);
	return Object.keys(values).length === 0 ? undefined : values;
}

/** @throws NodeOperationError if the user's data has one of n8n's own names */
function refuseOwnNames(read: FieldReader, pairs: Field, values: IDataObject): void {
	const own = OWN_NAMES.find((name) => Object.hasOwn(values, name));
	if (own !== undefined) {
		throw read.fail(
			`'${pairs.displayName}' contains '${own}', a name that only n8n itself may use`,
			`Rename the entry. If you didn't enter it, it came with text that an expression put into the JSON: write such text as {{ JSON.stringify($json.note) }}, without quotation marks around it.`,
		);
	}
}

/** @returns a value as text: a date as ISO text, an object as JSON */
function asText(value: unknown): string {
	if (value === null || value === undefined) return '';
	const json = JSON.stringify(value) ?? '';
	return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

const asTexts = (values: IDataObject): Record<string, string> =>
	Object.fromEntries(Object.entries(values).map(([name, value]) => [name, asText(value)]));

/**
 * Reads ENV_FIELDS.
 *
 * @returns the environment variables as texts, as the API requires; undefined if there are none
 * @throws NodeOperationError see `readKeyValues`
 */
export function readEnv(read: ItemReader): Record<string, string> | undefined {
	const env = readKeyValues(read, ENV_FIELDS);
	return env && asTexts(env);
}

/** Reads `envOption`. @returns the environment variables as texts. @throws NodeOperationError see `readKeyValues` */
export function readEnvOption(options: FieldReader): Record<string, string> {
	const env = readPairs(options, envOption);
	refuseOwnNames(options, envOption, env);
	return asTexts(env);
}
