import { type INodeProperties, type INodePropertyCollection } from 'n8n-workflow';
import { type Blank, choiceField, type Field, groupField, jsonField, namedEntries, textField } from './field';

/** The parameters of names and values, which the user enters as pairs or as JSON. */
export type KeyValueFields = [specify: Field, pairs: Field, json: Field];

/** What is added to a collection of pairs: its label, the group's name, the name of the field for its name, and an example of one. */
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

/** @returns the names of a field's group, and of the names in it. @param field made by `pairsField` */
export function groupOf({ options = [] }: INodeProperties): { groupName: string; keyName: string } {
	const [{ name, values }] = options as [INodePropertyCollection];
	return { groupName: name, keyName: values[0]?.name ?? '' };
}

/** Makes the three parameters. @param json the name of the third one, and what differs from others */
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

/** The environment variables of a session's agent. */
export const ENV_FIELDS = keyValueFields(
	'specifyEnv',
	pairsField('default', 'Environment Variables', 'env', ENV_DESCRIPTION, VARIABLE),
	'jsonEnv',
	{
		placeholder: 'e.g. { "CUSTOMER_NAME": "Ada" }',
		description: 'Environment variables as a JSON object. All values are sent as text.',
	},
);

/** Of the user's own data. */
export const ENTRY: Entry = ['Entry', 'entries', 'key', 'customerId'];

/**
 * Your own data beside a session, dispatch or call.
 *
 * @param purpose what it is for, as one sentence or two
 */
export function metaDataFields(purpose: string): KeyValueFields {
	const pairs = pairsField('default', 'Metadata', 'metaData', purpose, ENTRY);
	return keyValueFields('specifyMetaData', pairs, 'jsonMetaData', {
		placeholder: 'e.g. { "customerId": 4711 }',
		description: 'Metadata as a JSON object. Numbers, lists, and nested objects keep their types.',
	});
}
