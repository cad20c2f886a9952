import type { INodeProperties } from 'n8n-workflow';

/** A group of names and values, which the user enters as pairs or as JSON. */
export interface KeyValueField {
	/** As the user reads it. */
	displayName: string;
	/** The parameter that tells pairs from JSON. */
	specifyName: string;
	pairsName: string;
	/** The one group inside the fixedCollection. */
	groupName: string;
	/** The name's own parameter inside the group. */
	keyName: string;
	jsonName: string;
}

export const ENV: KeyValueField = {
	displayName: 'Environment Variables',
	specifyName: 'specifyEnv',
	pairsName: 'env',
	groupName: 'variables',
	keyName: 'name',
	jsonName: 'jsonEnv',
};

export const META_DATA: KeyValueField = {
	displayName: 'Metadata',
	specifyName: 'specifyMetaData',
	pairsName: 'metaData',
	groupName: 'entries',
	keyName: 'key',
	jsonName: 'jsonMetaData',
};

/** The texts of a group, as the user reads them. */
interface KeyValueTexts {
	entry: string;
	pairs: string;
	nameExample: string;
	json: string;
	jsonExample: string;
}

/** Makes the collection in which pairs are entered. */
export function pairsField(
	{
		displayName,
		pairsName,
		groupName,
		keyName,
	}: Pick<KeyValueField, 'displayName' | 'pairsName' | 'groupName' | 'keyName'>,
	texts: Pick<KeyValueTexts, 'entry' | 'pairs' | 'nameExample'>,
): INodeProperties {
	return {
		displayName,
		name: pairsName,
		type: 'fixedCollection',
		typeOptions: {
			multipleValues: true,
			// Entries show their names when they are collapsed (n8n 2.x).
			fixedCollection: { itemTitle: `={{ $collection.item.value.${keyName} }}` },
		},
		placeholder: `Add ${texts.entry}`,
		default: {},
		description: texts.pairs,
		options: [
			{
				displayName: texts.entry,
				name: groupName,
				values: [
					{
						displayName: 'Name',
						name: keyName,
						type: 'string',
						default: '',
						placeholder: `e.g. ${texts.nameExample}`,
					},
					{ displayName: 'Value', name: 'value', type: 'string', default: '' },
				],
			},
		],
	};
}

/** Makes the three parameters of a group. */
function keyValueFields(field: KeyValueField, texts: KeyValueTexts): INodeProperties[] {
	return [
		{
			displayName: `Specify ${field.displayName}`,
			name: field.specifyName,
			type: 'options',
			noDataExpression: true,
			options: [
				{ name: 'Using Fields Below', value: 'keypair' },
				{ name: 'Using JSON', value: 'json' },
			],
			default: 'keypair',
		},
		{ ...pairsField(field, texts), displayOptions: { show: { [field.specifyName]: ['keypair'] } } },
		{
			displayName: `${field.displayName} (JSON)`,
			name: field.jsonName,
			type: 'json',
			default: '{}',
			placeholder: `e.g. ${texts.jsonExample}`,
			description: texts.json,
			displayOptions: { show: { [field.specifyName]: ['json'] } },
		},
	];
}

/** The environment variables of a session's agent. */
export const ENV_FIELDS = keyValueFields(ENV, {
	entry: 'Variable',
	pairs: 'Environment variables passed to the agent when the session starts',
	nameExample: 'CUSTOMER_NAME',
	json: 'Environment variables as a JSON object. Each value is sent as text.',
	jsonExample: '{ "CUSTOMER_NAME": "Ada" }',
});

/**
 * Your own data beside a session, dispatch or call.
 *
 * @param thing what the data is kept with
 */
export function metaDataFields(thing: string): INodeProperties[] {
	return keyValueFields(META_DATA, {
		entry: 'Entry',
		pairs: `Your own data to keep with the ${thing}, such as a customer number`,
		nameExample: 'customerId',
		json: `Your own data to keep with the ${thing}, as a JSON object. Numbers, lists and nested objects keep their types.`,
		jsonExample: '{ "customerId": 4711 }',
	});
}
