import { type INodeProperties, type INodePropertyCollection } from 'n8n-workflow';
import { type Blank, choiceField, type Field, textField } from './field';

/** The parameters of names and values, which the user enters as pairs or as JSON. */
export type KeyValueFields = [specify: Field, pairs: Field, json: Field];

/**
 * Makes the collection in which pairs are entered.
 *
 * @param field its names, and what the pairs are for
 * @param entry what is added, the group's name, the name of the field for an entry's name, and an example of one
 */
export function pairsField<B extends Blank>(
	field: Pick<Field<B>, 'displayName' | 'name' | 'description' | 'blank'>,
	[entry, groupName, keyName, keyExample]: [string, string, string, string],
): Field<B> {
	return {
		...field,
		type: 'fixedCollection',
		typeOptions: {
			multipleValues: true,
			// Entries show their names when they are collapsed (n8n 2.x).
			fixedCollection: { itemTitle: `={{ $collection.item.value.${keyName} }}` },
		},
		placeholder: `Add ${entry}`,
		default: {},
		options: [
			{
				displayName: entry,
				name: groupName,
				values: [
					textField('default', 'Name', keyName, { placeholder: `e.g. ${keyExample}` }),
					textField('default', 'Value', 'value', {}),
				],
			},
		],
	};
}

/** @returns the names of a field's group, and of the names in it. @param field made by `pairsField` */
export function groupOf({ options = [] }: INodeProperties): { groupName: string; keyName: string } {
	const [{ name, values }] = options as [INodePropertyCollection];
	return { groupName: name, keyName: values[0]?.name ?? '' };
}

/** Makes the three parameters. @param json the third one, as far as it differs from others */
function keyValueFields(
	specifyName: string,
	pairs: Field,
	json: Pick<INodeProperties, 'name' | 'placeholder' | 'description'>,
): KeyValueFields {
	return [
		choiceField('default', `Specify ${pairs.displayName}`, specifyName, {
			noDataExpression: true,
			options: [
				{ name: 'Using Fields Below', value: 'keypair' },
				{ name: 'Using JSON', value: 'json' },
			],
			default: 'keypair',
		}),
		{ ...pairs, displayOptions: { show: { [specifyName]: ['keypair'] } } },
		{
			displayName: `${pairs.displayName} (JSON)`,
			type: 'json',
			blank: 'default',
			default: '{}',
			...json,
			displayOptions: { show: { [specifyName]: ['json'] } },
		},
	];
}

/** The environment variables of a session's agent. */
export const ENV_FIELDS = keyValueFields(
	'specifyEnv',
	pairsField(
		{
			displayName: 'Environment Variables',
			name: 'env',
			blank: 'default',
			description: "Values for the agent's code to read, such as the customer's name",
		},
		['Variable', 'variables', 'name', 'CUSTOMER_NAME'],
	),
	{
		name: 'jsonEnv',
		placeholder: 'e.g. { "CUSTOMER_NAME": "Ada" }',
		description: 'Environment variables as a JSON object. All values are sent as text.',
	},
);

/**
 * Your own data beside a session, dispatch or call.
 *
 * @param purpose what it is for, as one sentence or two
 */
export function metaDataFields(purpose: string): KeyValueFields {
	return keyValueFields(
		'specifyMetaData',
		pairsField(
			{
				displayName: 'Metadata',
				name: 'metaData',
				blank: 'default',
				description: purpose,
			},
			['Entry', 'entries', 'key', 'customerId'],
		),
		{
			name: 'jsonMetaData',
			placeholder: 'e.g. { "customerId": 4711 }',
			description: 'Metadata as a JSON object. Numbers, lists, and nested objects keep their types.',
		},
	);
}
