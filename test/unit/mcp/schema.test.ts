import Ajv from 'ajv';
import fc from 'fast-check';
import { type ParameterList, schemaOfParameters } from '../../../nodes/VideoSdkAgentCloud/fields/parameters';
import { argumentProblems, type Schema, withoutOmitted } from '../../../nodes/VideoSdkAgentCloud/mcp/schema';
import { checkTimes } from '../support';

const TYPES: ParameterList['types'] = ['boolean', 'json', 'number', 'options', 'string'];
const LIST: ParameterList = {
	displayName: 'Parameters',
	name: 'toolParameters',
	one: 'Parameter',
	types: TYPES,
	examples: ['', ''],
	required: '',
};
/** The schema of what a user may enter. */
const schema = fc
	.uniqueArray(
		fc.record({
			name: fc.constantFrom('a', 'b', 'c'),
			type: fc.constantFrom(...TYPES),
			options: fc.constant('x, y'),
			description: fc.constantFrom('', 'What it is'),
			required: fc.boolean(),
		}),
		{ selector: ({ name }) => name, maxLength: 3 },
	)
	.map((parameters) => schemaOfParameters(LIST, parameters, (what) => new Error(what)));
/** Few, so that they often fit. */
const primitive = fc.constantFrom(...['', 'x', 'y', '😀😀', -3, 0, 0.5, true, false, null]);
const value = fc.oneof(primitive, fc.array(primitive), fc.dictionary(fc.string(), primitive));
const names = fc.constantFrom('a', 'b', 'c', 'toString', '__proto__', 'other');
const input = fc.oneof(value, {
	arbitrary: fc.dictionary(names, value, { noNullPrototype: true }),
	weight: 9,
});

it('accepts exactly what a whole JSON schema validator accepts', () => {
	const inputs = fc.array(input, { minLength: 20, maxLength: 20 });
	checkTimes(400)([schema, inputs], (rules, given) => {
		const isValid = new Ajv().compile(rules);
		const problems = given.map((one) => argumentProblems(rules, one));
		expect(problems.map(({ length }) => length === 0)).toEqual(given.map((one) => isValid(one)));
	});
});

const object = (properties: Schema['properties'], more: Partial<Schema> = {}): Schema => ({
	type: 'object',
	properties,
	...more,
});
const json = { anyOf: [{ type: 'object' as const }, { type: 'array' as const, items: {} }] };

it.each<[Schema, unknown, string[]]>([
	[object({}), [], ['The arguments must be of type object, not array.']],
	[
		object(
			{ a: { type: 'string' }, b: { type: 'string', enum: ['x', 'z'] }, d: { type: 'number' } },
			{ required: ['c', 'b'] },
		),
		{ a: 1, b: 'y', d: null },
		[
			"'c' is missing.",
			"'a' must be of type string, not number.",
			`'b' must be one of "x", "z".`,
			"'d' must be of type number, not null.",
		],
	],
	[object({ a: json }), { a: 'x' }, ["'a' must be of type object or array, not string."]],
	[object({ a: json }), { a: [{ b: [null] }], other: 1 }, []],
	[
		object({ n: { type: 'number' } }),
		JSON.parse('{"n":1e400}'),
		["'n' must be of type number, not infinity."],
	],
])('says what is wrong: %j, %j', (rules, given, problems) => {
	expect(argumentProblems(rules, given)).toEqual(problems);
});

it('takes null for an optional argument as omitted', () => {
	const string = { type: 'string' as const };
	const rules = object({ a: string, b: json, c: string, f: string }, { required: ['c'] });
	const others = { c: null, toString: null, e: null, f: 'x' };
	expect(withoutOmitted(rules, { a: null, b: null, ...others })).toEqual(others);
	for (const given of [null, 'x', [null]]) expect(withoutOmitted(rules, given)).toBe(given);
});
