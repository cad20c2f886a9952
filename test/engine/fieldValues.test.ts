/**
 * Each field of each operation, with values that it must refuse: one that must have a value is never taken for empty, and a number has
 * bounds. The fields are read from the operations, so that a new one is tested as soon as it is there.
 */
import type { IDataObject, INodeParameters, INodeProperties } from 'n8n-workflow';
import { RESOURCES } from '../../nodes/VideoSdkAgentCloud/actions';
import type { Operation } from '../../nodes/VideoSdkAgentCloud/actions/operation';
import type { Blank } from '../../nodes/VideoSdkAgentCloud/fields/field';
import { RULE, TO } from './callRig';
import { failureOf, useRig } from './rig';

type Declared = INodeProperties & { blank?: Blank };

const rig = useRig();
const VALUE = '={{ $json.value }}';

/** Values that the fields take; others follow from the type. */
const GOOD: IDataObject = {
	...RULE,
	agentTools: { tools: [{ tool: 'https://n8n.example.com/webhook/a/mcp' }] },
	answerJson: '{}',
	deploymentId: 'ddv_support',
	endDate: '2026-01-15',
	gatewayId: 'gw_out_01',
	roomId: 'abcd-efgh-ijkl',
	startDate: '2026-01-15',
	statuses: ['stopped'],
	to: TO,
	transferTo: TO,
	url: 'https://example.com/f',
	webhookUrl: 'https://n8n.example.com/webhook/a/webhook',
};
/** What an expression gives that finds nothing. */
const BLANKS = ['', ' ', null, undefined];

function goodValue({ name, type, options = [], typeOptions, default: preset }: Declared): unknown {
	const [first] = options.flatMap((option) => ('value' in option ? [option.value] : []));
	if (name in GOOD) return GOOD[name];
	if (type === 'options') return preset || first;
	if (type === 'multiOptions') return [first];
	if (type === 'number') return Math.max(1, typeOptions?.minValue ?? 1);
	if (type === 'json') return '{}';
	return type === 'boolean' ? true : 'x';
}

/** What has to be chosen so that n8n shows a field. */
const shownBy = ({ displayOptions }: Declared): IDataObject =>
	Object.fromEntries(
		Object.entries(displayOptions?.show ?? {}).map(([name, values]) => [name, values?.[0]]),
	) as IDataObject;

type Case = [
	what: string,
	label: string,
	place: 'fields' | 'filters' | 'options',
	field: Declared,
	fields: Declared[],
];

function casesOf(resource: string, { value, fields, options }: Operation): Case[] {
	const all: Array<['fields' | 'filters' | 'options', Declared]> = [
		...fields.map((field): ['fields', Declared] => ['fields', field]),
		...(options ?? []).map((field): ['options', Declared] => ['options', field]),
		...fields
			.filter(({ name }) => name === 'filters')
			.flatMap(({ options: filters = [] }) => filters as Declared[])
			.map((field): ['filters', Declared] => ['filters', field]),
	];
	return all.map(([place, field]) => [`${resource}:${value}`, field.displayName, place, field, fields]);
}

const CASES = RESOURCES.flatMap(({ value, operations }) =>
	operations.flatMap((operation) => casesOf(value, operation)),
);

/** Runs two items: a good value and a bad one. Nothing may be sent, and the second item and its field are named. */
async function expectRefusal([what, label, place, field, fields]: Case, bad: unknown): Promise<void> {
	const [resource = '', operation = ''] = what.split(':');
	const given = fields.filter(({ name, blank }) => name in GOOD || blank === 'required');
	const parameters = {
		...Object.fromEntries(given.map((one) => [one.name, goodValue(one)])),
		...shownBy(field),
		resource,
		operation,
		...(place === 'fields' ? { [field.name]: VALUE } : { [place]: { [field.name]: VALUE } }),
	} as INodeParameters;
	// Ask and Wait takes one item.
	const index = operation === 'sendAndWait' ? 0 : 1;
	const values = [goodValue(field), bad].slice(1 - index);
	const items = values.map((value) => ({ value })) as IDataObject[];
	const { message, description } = failureOf(await rig.engine.run({ items, parameters }));
	expect([bad, message]).toEqual([bad, expect.stringContaining(`'${label}`)]);
	expect(message).toContain(`[item ${index}]`);
	expect(description.trim()).not.toBe('');
	expect(rig.requests).toEqual([]);
}

it.each(
	CASES.filter(
		([, , , { blank, type }]) => (blank === 'required' || blank === 'refused') && type !== 'fixedCollection',
	),
)('%s: %s (%s) is not taken for empty', async (...given) => {
	for (const blank of BLANKS) await expectRefusal(given, blank);
});

it.each(CASES.filter(([, , , { type }]) => type === 'number'))(
	'%s: %s (%s) has its bounds',
	async (...given) => {
		const { minValue, maxValue } = given[3].typeOptions ?? {};
		const outside = [minValue, maxValue].flatMap((bound, index) =>
			bound === undefined ? [] : [bound + 2 * index - 1],
		);
		for (const bad of [...outside, 'many', true]) await expectRefusal(given, bad);
	},
);

/** What no field of a type takes, if it takes an expression. */
const BAD: Record<string, unknown[]> = {
	options: ['none of these', ['x'], 7],
	multiOptions: [['none of these'], 7],
	boolean: ['maybe', 7],
	json: ['{', 'a: 1'],
	dateTime: ['yesterday', true],
};

/** An answer may be any value. */
const isOfAKind = ({ name, type, noDataExpression }: Declared) =>
	type in BAD && !noDataExpression && name !== 'answerJson';

it.each(CASES.filter(([, , , field]) => isOfAKind(field)))(
	'%s: %s (%s) takes nothing of another kind',
	async (...given) => {
		for (const bad of BAD[given[3].type] ?? []) await expectRefusal(given, bad);
	},
);
