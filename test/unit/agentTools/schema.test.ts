import Ajv from 'ajv';
import fc from 'fast-check';
import {
	type ParameterList,
	schemaOfParameters,
} from '../../../nodes/VideoSdkAgentCloud/fields/kit/parameters';
import {
	argumentProblems,
	cleaned,
	forAgents,
	type Schema,
	withoutOmitted,
} from '../../../nodes/VideoSdkAgentCloud/agentTools/schema';
import { checkTimes } from '../support';

const LIST: ParameterList = {
	displayName: 'Parameters',
	name: 'toolParameters',
	one: 'Parameter',
	examples: ['', ''],
	required: '',
};
/** Those whose rules JSON Schema has, too. Formats: see formats.test.ts. */
const TYPES = ['boolean', 'json', 'number', 'options', 'string'];
const limit = fc.constantFrom(undefined, '', ' ', -3, '0', '0.5', 1);
/** The schema of what a user may enter. */
const schema = fc
	.uniqueArray(
		fc
			.record({
				name: fc.constantFrom('a', 'b', 'c'),
				type: fc.constantFrom(...TYPES),
				options: fc.constant('x, y'),
				min: limit,
				max: limit,
				description: fc.constantFrom('', 'What it is'),
				required: fc.boolean(),
			})
			.filter(({ min = '', max = '' }) => [min, max].some((one) => !String(one).trim()) || +min <= +max),
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

it('The check accepts exactly the arguments that a whole JSON schema validator accepts', () => {
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
	[
		object({
			score: { type: 'number', minimum: 0, maximum: 10 },
			least: { type: 'number', minimum: 0 },
			most: { type: 'number', maximum: -1 },
			day: { type: 'string', format: 'date' },
		}),
		{ score: 42, least: -1, most: 0, day: 'next Friday' },
		[
			"'score' must be from 0 to 10.",
			"'least' must be 0 or more.",
			"'most' must be -1 or less.",
			"'day' must be a date of the calendar as YYYY-MM-DD.",
		],
	],
	[
		object({ day: { type: 'string', format: 'date' } }),
		{ day: 7 },
		["'day' must be of type string, not number."],
	],
	[object({ day: { type: 'string', format: 'date' } }), { day: '2026-12-03' }, []],
])('What does not fit is refused in words, and nothing else: %j, %j', (rules, given, problems) => {
	expect(argumentProblems(rules, given)).toEqual(problems);
});

it('null for an optional argument counts as omitted, and so does an empty date', () => {
	const string = { type: 'string' as const };
	const rules = object({ a: string, b: json, c: string, f: string }, { required: ['c'] });
	const others = { c: null, toString: null, e: null, f: 'x' };
	expect(withoutOmitted(rules, { a: null, b: null, ...others })).toEqual(others);
	const dated = object({ day: { type: 'string', format: 'date' }, a: string });
	expect(withoutOmitted(dated, { day: '', a: '' })).toEqual({ a: '' });
	const given = { day: '2026-12-03', a: 'x' };
	expect(withoutOmitted(dated, given)).toEqual(given);
	const needed = { day: '' };
	expect(withoutOmitted({ ...dated, required: ['day'] }, needed)).toEqual(needed);
	for (const other of [null, 'x', [null]]) expect(withoutOmitted(rules, other)).toBe(other);
});

it('Arguments come out as they are, but for dates, email addresses, and numbers', () => {
	const rules = object({ phone: { type: 'string', format: 'phone' }, note: { type: 'string' } });
	const others = { note: ' +1 (415) ', toString: '+1 (415) 555-0102' };
	const given = { phone: '+1 (415) 555-0102', ...others };
	expect(cleaned(rules, given)).toEqual({ phone: '+14155550102', ...others });
	expect(cleaned(rules, others)).toEqual(others);
});

it('The schema for agents names no format, which the models of one provider refuse', () => {
	const day = { type: 'string' as const, description: 'When' };
	const rules = object(
		{ day: { ...day, format: 'date' }, n: { type: 'number', minimum: 1 } },
		{ required: ['day'] },
	);
	const properties = { day, n: { type: 'number', minimum: 1 } };
	expect(forAgents(rules)).toEqual({ type: 'object', properties, required: ['day'] });
});
