/**
 * Each field of each operation, with values that it must refuse: one that must have a value is never taken for empty, and a number has
 * bounds. The fields are read from the operations, so that a new one is tested as soon as it is there.
 */
import type { IDataObject } from 'n8n-workflow';
import { RESOURCES } from '../../../nodes/VideoSdkAgentCloud/actions';
import { type Declared, goodFields, goodValue } from '../rig/goodValues';
import { parametersOf, useRig } from '../rig/rig';

const rig = useRig();
const VALUE = '={{ $json.value }}';

/** What an expression gives that finds nothing. */
const BLANKS = ['', ' ', null, undefined];

/** What has to be chosen so that n8n shows a field. */
const shownBy = ({ displayOptions }: Declared): IDataObject =>
	Object.fromEntries(
		Object.entries(displayOptions?.show ?? {}).map(([name, values]) => [name, values?.[0]]),
	) as IDataObject;

const CASES = RESOURCES.flatMap(({ value: resource, operations }) =>
	operations.flatMap(({ value: operation, fields, options }) => {
		const filters = fields.find(({ name }) => name === 'filters')?.options ?? [];
		return Object.entries({ fields, options: options ?? [], filters }).flatMap(([place, declared]) =>
			(declared as Declared[]).map((field) => ({ resource, operation, place, field, fields })),
		);
	}),
);
type Case = (typeof CASES)[number];

/** Runs two items: a good value and a bad one. Nothing may be sent, and the second item and its field are named. */
async function expectRefusal({ resource, operation, place, field, fields }: Case, bad: unknown) {
	const given = { [field.name]: VALUE };
	const parameters = parametersOf(resource, operation, {
		...goodFields(fields),
		...shownBy(field),
		...(place === 'fields' ? given : { [place]: given }),
	});
	// Ask and Wait takes one item.
	const index = operation === 'sendAndWait' ? 0 : 1;
	const values = [goodValue(field), bad].slice(1 - index);
	const items = values.map((value) => ({ value })) as IDataObject[];
	const { message, description } = await rig.failure(parameters, { items });
	expect([bad, message]).toEqual([bad, expect.stringContaining(`'${field.displayName}`)]);
	expect(message).toContain(`[item ${index}]`);
	expect(description.trim()).not.toBe('');
	expect(rig.requests).toEqual([]);
}

/** What no field of a type takes, if it takes an expression. */
const BAD: Record<string, unknown[]> = {
	options: ['none of these', ['x'], 7],
	multiOptions: [['none of these'], 7],
	boolean: ['maybe', 7],
	number: ['many', true],
	json: ['{', 'a: 1'],
	dateTime: ['yesterday', true, '01/15/2026', 'Jan 15, 2026', '01-15-2026', 7, '20', 46037],
};

function badValues({ name, type, blank, typeOptions = {}, noDataExpression }: Declared): unknown[] {
	const isFilled = (blank === 'required' || blank === 'refused') && type !== 'fixedCollection';
	const { minValue = -Infinity, maxValue = Infinity } = typeOptions;
	// An answer may be any value.
	const isOfAKind = !noDataExpression && name !== 'answerJson';
	return [
		...(isFilled ? BLANKS : []),
		...[minValue - 1, maxValue + 1].filter(Number.isFinite),
		...(isOfAKind ? (BAD[type] ?? []) : []),
	];
}

it.each(CASES.filter(({ field }) => badValues(field).length > 0))(
	'$resource:$operation: $field.displayName ($place) takes nothing blank, out of its bounds, or of another kind',
	async (one) => {
		for (const bad of badValues(one.field)) await expectRefusal(one, bad);
	},
);
