import { type IDataObject, type INodeProperties, isSafeObjectProperty } from 'n8n-workflow';
import { type ArgumentSchema, type Schema } from '../mcp/schema';
import { choiceField, type Field, groupField, namedEntries, switchField, textField } from './field';
import { asList, trimmed } from './values';

/** Names that the models of all large providers accept. */
export const NAME_FORM = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
export const NAME_RULE =
	'Use up to 64 letters, digits, hyphens, and underscores, starting with a letter or an underscore.';

/** What a parameter of a tool may be, as users choose it. */
const TYPES = {
	boolean: { name: 'Boolean' },
	json: { name: 'JSON', description: "An object or a list. What's in it isn't checked." },
	number: { name: 'Number' },
	options: { name: 'Options', description: 'One of several texts' },
	string: { name: 'String' },
};
type ParameterType = keyof typeof TYPES;

/** What differs between the lists in which parameters are entered. */
export interface ParameterList extends Pick<
	INodeProperties,
	'displayName' | 'name' | 'description' | 'displayOptions'
> {
	/** What one of them is called, such as "Field". */
	one: string;
	types: ParameterType[];
	/** Of a name, and of a description. */
	examples: [name: string, description: string];
	/** Who has to fill it in. */
	required: string;
}

/** Makes a list in which parameters are entered, for `schemaOfParameters`. */
export function parametersField(list: ParameterList): Field {
	const { displayName, name, one, types, examples, required, ...rest } = list;
	const [exampleName, exampleDescription] = examples;
	const optionsField = textField('default', 'Options', 'options', {
		placeholder: 'e.g. small, medium, large',
		description: 'The values to choose from, separated by commas',
		displayOptions: { show: { type: ['options'] } },
	});
	const values = [
		textField('default', 'Name', 'name', { placeholder: `e.g. ${exampleName}` }),
		choiceField('default', 'Type', 'type', {
			options: types.map((value) => ({ ...TYPES[value], value })),
			default: 'string',
		}),
		...(types.includes('options') ? [optionsField] : []),
		textField('default', 'Description', 'description', { placeholder: `e.g. ${exampleDescription}` }),
		switchField('default', 'Required', 'required', { default: true, description: required }),
	];
	return groupField('default', displayName, name, {
		typeOptions: { ...namedEntries('name'), sortable: true },
		placeholder: `Add ${one}`,
		options: [{ displayName: one, name: `${one.toLowerCase()}s`, values }],
		...rest,
	});
}

/** @returns the schema of one argument, as models of all large providers read it */
function schemaOf(type: ParameterType, values: string[]): ArgumentSchema {
	if (type === 'options') return { type: 'string', enum: [...new Set(values)] };
	return type === 'json' ? { anyOf: [{ type: 'object' }, { type: 'array', items: {} }] } : { type };
}

/**
 * Makes the schema of a tool's arguments out of what `parametersField` holds.
 *
 * @param fail makes the error, of what is wrong and what to do
 * @throws what `fail` makes
 */
export function schemaOfParameters(
	{ displayName: list, one, types }: ParameterList,
	parameters: IDataObject[],
	fail: (what: string, nextStep: string) => Error,
): Schema {
	const properties = new Map<string, ArgumentSchema>();
	const required: string[] = [];
	for (const [position, parameter] of parameters.entries()) {
		const entry = `${one} ${position + 1} in '${list}'`;
		const name = trimmed(parameter.name);
		const type = String(parameter.type ?? 'string') as ParameterType;
		const description = trimmed(parameter.description);
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
		const values = type === 'options' ? asList(parameter.options) : [];
		if (type === 'options' && values.length === 0) {
			throw fail(`${entry} has no 'Options'`, 'Enter the values to choose from, separated by commas.');
		}
		properties.set(name, {
			...schemaOf(type, values),
			...(description !== '' && { description }),
		});
		const isRequired = trimmed(parameter.required ?? true).toLowerCase();
		if (!['', 'true', 'false'].includes(isRequired)) {
			throw fail(
				`'Required' of ${entry} is '${isRequired}', but must be true or false`,
				'Its expression must return true or false.',
			);
		}
		if (isRequired !== 'false') required.push(name);
	}
	return {
		type: 'object',
		properties: Object.fromEntries(properties),
		...(required.length > 0 && { required }),
	};
}
