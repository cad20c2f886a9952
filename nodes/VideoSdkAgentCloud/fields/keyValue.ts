import type {
	IDataObject,
	IDisplayOptions,
	IExecuteFunctions,
	INodeProperties,
	NodeOperationError,
} from 'n8n-workflow';
import { inputError } from './inputError';

/** The parameters of one group of names and values, which the user gives as pairs or as JSON. */
interface KeyValueField {
	/** As the user reads it. */
	displayName: string;
	/** The parameter that tells pairs from JSON. */
	specifyName: string;
	pairsName: string;
	/** The one group inside the fixedCollection. */
	groupName: string;
	/** The name's own parameter inside the group, and how the user reads it. */
	keyName: string;
	keyDisplayName: string;
	jsonName: string;
}

const ENV: KeyValueField = {
	displayName: 'Environment Variables',
	specifyName: 'specifyEnv',
	pairsName: 'env',
	groupName: 'variables',
	keyName: 'name',
	keyDisplayName: 'Name',
	jsonName: 'jsonEnv',
};

const META_DATA: KeyValueField = {
	displayName: 'Metadata',
	specifyName: 'specifyMetaData',
	pairsName: 'metaData',
	groupName: 'entries',
	keyName: 'key',
	keyDisplayName: 'Key',
	jsonName: 'jsonMetaData',
};

/** Makes the three parameters of a group. The texts are the user's. */
function properties(
	field: KeyValueField,
	displayOptions: IDisplayOptions,
	texts: { pairs: string; json: string; jsonExample: string; keyExample: string; entry: string },
): INodeProperties[] {
	const show = (specify: string): IDisplayOptions => ({
		show: { ...displayOptions.show, [field.specifyName]: [specify] },
	});
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
			displayOptions,
		},
		{
			displayName: field.displayName,
			name: field.pairsName,
			type: 'fixedCollection',
			typeOptions: { multipleValues: true },
			placeholder: `Add ${texts.entry}`,
			default: {},
			description: texts.pairs,
			displayOptions: show('keypair'),
			options: [
				{
					displayName: texts.entry,
					name: field.groupName,
					values: [
						{
							displayName: field.keyDisplayName,
							name: field.keyName,
							type: 'string',
							default: '',
							placeholder: `e.g. ${texts.keyExample}`,
						},
						{ displayName: 'Value', name: 'value', type: 'string', default: '' },
					],
				},
			],
		},
		{
			displayName: `${field.displayName} (JSON)`,
			name: field.jsonName,
			type: 'json',
			default: '{}',
			placeholder: `e.g. ${texts.jsonExample}`,
			description: texts.json,
			displayOptions: show('json'),
		},
	];
}

/** The environment variables that a session's agent gets. */
export function envProperties(displayOptions: IDisplayOptions): INodeProperties[] {
	return properties(ENV, displayOptions, {
		pairs: 'What the agent finds in its environment when the session starts, such as the room to join',
		json: 'A JSON object of names and values. Each value is sent as text.',
		jsonExample: '{ "VIDEOSDK_ROOM_ID": "abcd-efgh-ijkl" }',
		keyExample: 'VIDEOSDK_ROOM_ID',
		entry: 'Variable',
	});
}

/** The data that is kept with a session or dispatch. */
export function metaDataProperties(displayOptions: IDisplayOptions): INodeProperties[] {
	return properties(META_DATA, displayOptions, {
		pairs: 'Your own data to be kept with the session, such as a customer number',
		json: 'A JSON object to be kept with the session. Numbers, lists and nested objects stay what they are.',
		jsonExample: '{ "customerId": 4711, "language": "en" }',
		keyExample: 'customerId',
		entry: 'Entry',
	});
}

/** Makes the error for a name that is given twice: one of its values would be lost. */
function givenTwice(
	context: IExecuteFunctions,
	field: KeyValueField,
	name: string,
	itemIndex: number,
): NodeOperationError {
	return inputError(
		context,
		`"${name}" is given twice in "${field.displayName}"`,
		'Remove one of the two entries, or give it another name.',
		itemIndex,
	);
}

/** Reads the pairs. Blank names, and names given twice, are refused. */
function readPairs(context: IExecuteFunctions, field: KeyValueField, itemIndex: number): IDataObject {
	const collection = (context.getNodeParameter(field.pairsName, itemIndex, {}) ?? {}) as IDataObject;
	const pairs = (collection[field.groupName] ?? []) as IDataObject[];
	const result: IDataObject = Object.create(null) as IDataObject;
	for (const [position, pair] of pairs.entries()) {
		const name = String(pair[field.keyName] ?? '').trim();
		if (name === '') {
			throw inputError(
				context,
				`Entry ${position + 1} of "${field.displayName}" has no "${field.keyDisplayName}"`,
				`Fill in its "${field.keyDisplayName}", or remove the entry.`,
				itemIndex,
			);
		}
		if (name in result) throw givenTwice(context, field, name, itemIndex);
		result[name] = (pair.value ?? '') as IDataObject[string];
	}
	return { ...result };
}

/**
 * Finds a name that an object in a JSON text holds twice, at any depth: JSON.parse keeps the last of its values only.
 *
 * @param json a valid JSON text
 */
function nameHeldTwice(json: string): string | undefined {
	const tokens = json.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g) ?? [];
	/** The names so far of each object that is open; a list has none. */
	const open: Array<Set<string>> = [];
	for (const [position, token] of tokens.entries()) {
		if (token === '{' || token === '[') open.push(new Set());
		else if (token === '}' || token === ']') open.pop();
		else if (tokens[position + 1] === ':') {
			const name = JSON.parse(token) as string;
			const names = open.at(-1);
			if (names?.has(name)) return name;
			names?.add(name);
		}
	}
	return undefined;
}

/** Reads the JSON, which n8n gives as text or, from an expression, as an object. */
function readJson(context: IExecuteFunctions, field: KeyValueField, itemIndex: number): IDataObject {
	const raw = context.getNodeParameter(field.jsonName, itemIndex, {}) as unknown;
	let value = raw;
	if (typeof raw === 'string') {
		if (raw.trim() === '') return {};
		try {
			value = JSON.parse(raw);
		} catch (error) {
			throw inputError(
				context,
				`"${field.displayName} (JSON)" is not valid JSON`,
				`Correct it (${(error as Error).message}), or switch "Specify ${field.displayName}" to "Using Fields Below".`,
				itemIndex,
			);
		}
		const name = nameHeldTwice(raw);
		if (name !== undefined) throw givenTwice(context, field, name, itemIndex);
	}
	if (value === null || value === undefined || typeof value !== 'object' || Array.isArray(value)) {
		throw inputError(
			context,
			`"${field.displayName} (JSON)" is not a JSON object`,
			'Write it in curly brackets, such as { "name": "value" }.',
			itemIndex,
		);
	}
	if (Object.keys(value).some((name) => name.trim() === '')) {
		throw inputError(
			context,
			`"${field.displayName} (JSON)" holds an entry without a name`,
			'Give each entry a name, or remove it.',
			itemIndex,
		);
	}
	return value as IDataObject;
}

function readKeyValues(
	context: IExecuteFunctions,
	field: KeyValueField,
	itemIndex: number,
): IDataObject | undefined {
	const specified = context.getNodeParameter(field.specifyName, itemIndex, 'keypair');
	const values = (specified === 'json' ? readJson : readPairs)(context, field, itemIndex);
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
 * @throws NodeOperationError if a name is blank or given twice, or the JSON is no object
 */
export function readEnv(context: IExecuteFunctions, itemIndex: number): IDataObject | undefined {
	const env = readKeyValues(context, ENV, itemIndex);
	return env && Object.fromEntries(Object.entries(env).map(([name, value]) => [name, asText(value)]));
}

/**
 * @returns the metadata, types kept; undefined if there is none
 * @throws NodeOperationError if a key is blank or given twice, or the JSON is no object
 */
export function readMetaData(context: IExecuteFunctions, itemIndex: number): IDataObject | undefined {
	return readKeyValues(context, META_DATA, itemIndex);
}
