/**
 * Each field of each operation, with values that it must refuse: one that must have a value is never taken for empty, and a number has
 * bounds. The fields are read from the operations, so that a new one is tested as soon as it is there.
 */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { RESOURCES } from '../../nodes/VideoSdkAgentCloud/actions';
import type { Operation } from '../../nodes/VideoSdkAgentCloud/actions/operation';
import { type Declared, goodFields, goodValue } from './goodValues';
import { failureOf, useRig } from './rig';

const rig = useRig();
const VALUE = '={{ $json.value }}';

/** What an expression gives that finds nothing. */
const BLANKS = ['', ' ', null, undefined];

/** What has to be chosen so that n8n shows a field. */
const shownBy = ({ displayOptions }: Declared): IDataObject =>
	Object.fromEntries(
		Object.entries(displayOptions?.show ?? {}).map(([name, values]) => [name, values?.[0]]),
	) as IDataObject;

type Place = 'fields' | 'filters' | 'options';
type Case = [what: string, label: string, place: Place, field: Declared, fields: Declared[]];

function casesOf(resource: string, { value, fields, options }: Operation): Case[] {
	const filters = fields.find(({ name }) => name === 'filters')?.options;
	const all = { fields, options, filters } as Record<Place, Declared[] | undefined>;
	return (Object.keys(all) as Place[]).flatMap((place) =>
		(all[place] ?? []).map((one): Case => [`${resource}:${value}`, one.displayName, place, one, fields]),
	);
}

const CASES = RESOURCES.flatMap(({ value, operations }) =>
	operations.flatMap((operation) => casesOf(value, operation)),
);

/** Runs two items: a good value and a bad one. Nothing may be sent, and the second item and its field are named. */
async function expectRefusal([what, label, place, field, fields]: Case, bad: unknown): Promise<void> {
	const [resource = '', operation = ''] = what.split(':');
	const parameters = {
		...goodFields(fields),
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
