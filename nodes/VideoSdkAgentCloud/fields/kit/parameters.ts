import { type IDataObject, type INodeProperties, isSafeObjectProperty } from 'n8n-workflow';
import { FORMATS } from '../../agentTools/formats';
import { type ArgumentSchema, type Schema } from '../../agentTools/schema';
import {
	choiceField,
	collectionField,
	type Field,
	groupField,
	namedEntries,
	switchField,
	textField,
} from './field';
import { trimmed } from '../../api/http/responseReaders';
import { asList, asNumber } from './values';

/** The form of names that the models of all large providers accept. */
export const NAME_FORM = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
export const NAME_RULE =
	'Use up to 64 letters, digits, hyphens, and underscores, starting with a letter or an underscore.';

const TYPES = {
	boolean: { name: 'Boolean' },
	date: { name: 'Date', description: 'A day, as YYYY-MM-DD' },
	dateTime: {
		name: 'Date and Time',
		description: 'With the offset from UTC, such as 2026-01-15T09:30:00+01:00',
	},
	email: { name: 'Email' },
	json: { name: 'JSON', description: "An object or a list. What's in it isn't checked." },
	number: { name: 'Number' },
	options: { name: 'Options', description: 'One of several texts' },
	phone: { name: 'Phone', description: 'A number with its country code, such as +14155550123' },
	string: { name: 'String' },
};
type ParameterType = keyof typeof TYPES;

/** What differs between the lists in which parameters are entered. */
export interface ParameterList extends Pick<
	INodeProperties,
	'displayName' | 'name' | 'description' | 'displayOptions'
> {
	/** What one entry is called, such as "Field". */
	one: string;
	/** The types that entries can't have. */
	without?: ParameterType[];
	/** An example of a name, and one of a description. */
	examples: [name: string, description: string];
	/** The description of the switch Required. */
	required: string;
	/** Whether an entry can be required only if another one has a value. */
	hasRequiredIf?: boolean;
}

const typesOf = ({ without = [] }: ParameterList) =>
	(Object.keys(TYPES) as ParameterType[]).filter((type) => !without.includes(type));

// These fields are texts, because a number can't be left empty, and would be 0.
const minField = textField('default', 'Min', 'min', {
	placeholder: 'e.g. 0',
	description: 'The smallest number that fits. Leave empty for no limit.',
	displayOptions: { show: { type: ['number'] } },
});
const maxField = textField('default', 'Max', 'max', {
	placeholder: 'e.g. 10',
	description: 'The largest number that fits. Leave empty for no limit.',
	displayOptions: { show: { type: ['number'] } },
});

const requiredIfField = collectionField('default', 'Required If', 'requiredIf', {
	placeholder: 'Add Field or Value',
	description: 'Makes it required only if a different one in the list has this value, whatever Required says',
	options: [
		textField('default', 'Field', 'field', {
			placeholder: 'e.g. decision',
			description: 'The name of a different one in the list',
		}),
		textField('default', 'Value', 'value', {
			placeholder: 'e.g. move',
			description: 'The value that the other one must have. For a Boolean, enter true or false.',
		}),
	],
});

/** Makes the field in which parameters are entered. `schemaOfParameters` makes the schema of its entries. */
export function parametersField(list: ParameterList): Field {
	const { displayName, name, one, description, displayOptions, examples, required, hasRequiredIf } = list;
	const [exampleName, exampleDescription] = examples;
	const values = [
		textField('default', 'Name', 'name', { placeholder: `e.g. ${exampleName}` }),
		choiceField('default', 'Type', 'type', {
			options: typesOf(list).map((value) => ({ ...TYPES[value], value })),
			default: 'string',
		}),
		textField('default', 'Options', 'options', {
			placeholder: 'e.g. small, medium, large',
			description: 'The values to choose from, separated by commas',
			displayOptions: { show: { type: ['options'] } },
		}),
		minField,
		maxField,
		textField('default', 'Description', 'description', { placeholder: `e.g. ${exampleDescription}` }),
		switchField('default', 'Required', 'required', { default: true, description: required }),
		...(hasRequiredIf ? [requiredIfField] : []),
	];
	return groupField('default', displayName, name, {
		typeOptions: { ...namedEntries('name'), sortable: true },
		placeholder: `Add ${one}`,
		options: [{ displayName: one, name: `${one.toLowerCase()}s`, values }],
		description,
		displayOptions,
	});
}

type Fail = (what: string, nextStep: string) => Error;

/** Reads one end of the range of a number. @returns undefined if it's empty */
function readLimit(entry: string, field: Field, values: IDataObject, fail: Fail): number | undefined {
	const given = values[field.name] ?? '';
	if (trimmed(given) === '') return undefined;
	const limit = asNumber(given);
	if (Number.isFinite(limit)) return limit;
	throw fail(
		`'${field.displayName}' of ${entry} is '${trimmed(given)}', but must be a number`,
		'Enter a number, or leave it empty.',
	);
}

function rangeOf(entry: string, values: IDataObject, fail: Fail): ArgumentSchema {
	const minimum = readLimit(entry, minField, values, fail);
	const maximum = readLimit(entry, maxField, values, fail);
	if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
		throw fail(
			`'Min' of ${entry} is ${minimum}, which is above its 'Max', ${maximum}, so no number fits`,
			"Lower 'Min', or raise 'Max'.",
		);
	}
	return { ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) };
}

function optionsOf(entry: string, { options }: IDataObject, fail: Fail): ArgumentSchema {
	const values = asList(options);
	if (values.length > 0) return { type: 'string', enum: [...new Set(values)] };
	throw fail(`${entry} has no 'Options'`, 'Enter the values to choose from, separated by commas.');
}

function typed(type: ParameterType, entry: string, values: IDataObject, fail: Fail): ArgumentSchema {
	switch (type) {
		case 'json':
			return { anyOf: [{ type: 'object' }, { type: 'array', items: {} }] };
		case 'options':
			return optionsOf(entry, values, fail);
		case 'number':
			return { type, ...rangeOf(entry, values, fail) };
		case 'boolean':
		case 'string':
			return { type };
		default:
			return { type: 'string', format: type };
	}
}

/** @returns the schema of one argument, in a form that the models of all large providers accept */
function schemaOf(type: ParameterType, entry: string, values: IDataObject, fail: Fail): ArgumentSchema {
	const schema = typed(type, entry, values, fail);
	const rule = schema.format ? FORMATS[schema.format].is : '';
	const sentences = [trimmed(values.description), rule.charAt(0).toUpperCase() + rule.slice(1)];
	const description = sentences.filter(Boolean).join('. ');
	return { ...schema, ...(description !== '' && { description }) };
}

/** @returns the value of Required If as the other argument has it; undefined if that can't have it */
function comparable({ type, enum: choices }: ArgumentSchema, text: string) {
	if (type === 'boolean') return { true: true, false: false }[text.toLowerCase()];
	if (type === 'number') return Number.isFinite(asNumber(text)) ? asNumber(text) : undefined;
	return choices?.includes(text) === false ? undefined : text;
}

/**
 * Reads Required If of an entry.
 *
 * @param others the arguments of the list, by name, without this one
 * @returns undefined if it's empty
 */
function readRequiredIf(
	entry: string,
	{ requiredIf }: IDataObject,
	others: Map<string, ArgumentSchema>,
	fail: Fail,
): ArgumentSchema['requiredIf'] {
	const given = (requiredIf ?? {}) as IDataObject;
	if (Object.keys(given).length === 0) return undefined;
	const [field, text] = [trimmed(given.field), trimmed(given.value)];
	const other = others.get(field);
	if (other === undefined) {
		throw fail(
			`'Required If' of ${entry} has the field '${field}', which isn't a different one in the list`,
			"Enter the name of a different one in 'Field'.",
		);
	}
	const value = text === '' ? undefined : comparable(other, text);
	if (value !== undefined) return { field, value };
	throw fail(
		`'Required If' of ${entry} has the value '${text}', which '${field}' can't have`,
		`Enter a value in 'Value' that '${field}' can have.`,
	);
}

/**
 * Makes the schema of a tool's arguments out of the entries of `parametersField`.
 *
 * @param fail makes the error, out of what is wrong and what to do
 * @throws the result of `fail`
 */
export function schemaOfParameters(
	parameterList: ParameterList,
	parameters: IDataObject[],
	fail: Fail,
): Schema {
	const { displayName: list, one } = parameterList;
	const entryAt = (position: number) => `${one} ${position + 1} in '${list}'`;
	const types = typesOf(parameterList);
	const properties = new Map<string, ArgumentSchema>();
	const required: string[] = [];
	for (const [position, parameter] of parameters.entries()) {
		const entry = entryAt(position);
		const name = trimmed(parameter.name);
		const type = String(parameter.type ?? 'string') as ParameterType;
		if (name === '') throw fail(`${entry} has no 'Name'`, NAME_RULE);
		if (!NAME_FORM.test(name)) {
			throw fail(`${entry} has the name '${name}', which models don't accept`, NAME_RULE);
		}
		if (!isSafeObjectProperty(name)) {
			throw fail(`${entry} has the name '${name}', which n8n's expressions can't read`, 'Rename it.');
		}
		if (properties.has(name)) {
			throw fail(`'${name}' appears twice in '${list}'`, 'Remove or rename one of the two.');
		}
		if (!types.includes(type)) throw fail(`${entry} has the type '${type}'`, `Use ${types.join(', ')}.`);
		properties.set(name, schemaOf(type, entry, parameter, fail));
		const isRequired = trimmed(parameter.required ?? true).toLowerCase();
		if (!['', 'true', 'false'].includes(isRequired)) {
			throw fail(
				`'Required' of ${entry} is '${isRequired}', but must be true or false`,
				'Its expression must return true or false.',
			);
		}
		if (isRequired !== 'false') required.push(name);
	}
	for (const [position, [name, schema]] of [...properties].entries()) {
		const others = new Map(properties);
		others.delete(name);
		const requiredIf = readRequiredIf(entryAt(position), parameters[position] ?? {}, others, fail);
		if (requiredIf === undefined) continue;
		if (required.includes(name)) required.splice(required.indexOf(name), 1);
		const rule = `Required if ${requiredIf.field} is ${requiredIf.value}`;
		const description = [schema.description, rule].filter(Boolean).join('. ');
		properties.set(name, { ...schema, requiredIf, description });
	}
	return {
		type: 'object',
		properties: Object.fromEntries(properties),
		...(required.length > 0 && { required }),
	};
}
