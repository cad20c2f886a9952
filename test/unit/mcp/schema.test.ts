import Ajv from 'ajv';
import fc from 'fast-check';
import {
	argumentProblems,
	checkSchema,
	type Schema,
	withoutOmitted,
} from '../../../nodes/VideoSdkAgentCloud/mcp/schema';
import { checkTimes } from '../support';

const NAMES = ['a', 'b', 'toString', '__proto__'];
/** Few, so that they often fit. */
const primitive = fc.constantFrom(...['', 'x', '😀😀', -3, 0, 0.5, true, false, null]);
const TYPES = ['string', 'number', 'integer', 'boolean', 'null', ['string', 'null']];
const optional = { requiredKeys: [] };
const schema = fc.letrec<{ schema: object }>((tie) => ({
	schema: fc.oneof(
		{ maxDepth: 3 },
		fc.record(
			{
				type: fc.constantFrom(...TYPES),
				enum: fc.uniqueArray(primitive, { minLength: 1, maxLength: 3 }),
				description: fc.string(),
				title: fc.string(),
				default: primitive,
				examples: fc.array(primitive),
			},
			optional,
		),
		fc.record({ type: fc.constant('array'), items: tie('schema') }, { requiredKeys: ['type'] }),
		fc.record(
			{
				type: fc.constant('object'),
				properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema')),
				required: fc.uniqueArray(fc.constantFrom('a', 'b')),
				additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
			},
			{ requiredKeys: ['type'] },
		),
	),
})).schema;
const { value, record } = fc.letrec<{ value: unknown; record: object }>((tie) => ({
	value: fc.oneof({ maxDepth: 3 }, primitive, fc.array(tie('value'), { maxLength: 3 }), tie('record')),
	record: fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { noNullPrototype: true, maxKeys: 2 }),
}));

it('accepts exactly what a whole JSON schema validator accepts', () => {
	const anyProperties = fc.dictionary(fc.constantFrom('a', 'b'), schema);
	const input = fc.oneof(value, { arbitrary: record, weight: 9 });
	const inputs = fc.array(input, { minLength: 20, maxLength: 20 });
	checkTimes(400)([anyProperties, fc.boolean(), inputs], (properties, isOpen, given) => {
		const rules = { type: 'object', properties, additionalProperties: isOpen };
		const whole = JSON.parse(JSON.stringify(rules)) as object;
		const checked = checkSchema(whole);
		if (!('schema' in checked)) throw new Error(checked.problem);
		const isValid = new Ajv({ unknownFormats: 'ignore' }).compile(whole);
		const problems = given.map((one) => argumentProblems(checked.schema, one));
		expect(problems.map(({ length }) => length === 0)).toEqual(given.map((one) => isValid(one)));
	});
});

const object = (properties: object, more: Schema = {}) => ({ type: 'object', properties, ...more }) as Schema;

it.each<[Schema, unknown, string[]]>([
	[{ type: 'object' }, [], ['The arguments must be of type object, not array.']],
	[object({ a: { type: ['string', 'null'] } }), { a: 'x' }, []],
	[
		object({ a: { type: ['string', 'null'] }, b: { enum: ['x', 1] } }, { required: ['c'] }),
		{ a: 1, b: 'y' },
		["'c' is missing.", "'a' must be of type string or null, not number.", `'b' must be one of "x", 1.`],
	],
	[
		object(
			{ a: { type: 'array', items: { type: 'object', required: ['b'] } } },
			{ additionalProperties: false },
		),
		{ a: [{ b: 1 }, {}], z: 1 },
		["'a.1.b' is missing.", "'z' isn't allowed."],
	],
	[{ type: 'object', required: [...'abcdefg'] }, {}, [...'abcde'].map((name) => `'${name}' is missing.`)],
])('says what is wrong, five things at most: %j, %j', (given, input, problems) => {
	expect(argumentProblems(given, input)).toEqual(problems);
});

it('takes null for an optional argument as omitted, where null is no value of it', () => {
	const types = { a: 'string', b: ['string', 'null'], c: 'number', d: undefined, f: 'string' };
	const properties = Object.fromEntries(Object.entries(types).map(([name, type]) => [name, { type }]));
	const others = { b: null, c: null, d: null, toString: null, e: 1, f: 'x' };
	const input = { a: null, ...others };
	expect(withoutOmitted(object(properties, { required: ['c'] }), input)).toEqual(others);
	for (const given of [null, 'x', [null]]) expect(withoutOmitted({}, given)).toBe(given);
});

it.each([
	[{ type: 'object', additionalProperties: 'no' }, "'additionalProperties' of the schema isn't what"],
	[object({ b: {}, a: { type: 'text' } }), "'type' of 'a' isn't what"],
	[object({ items: 1 }, { items: {} }), "'items' must be an object"],
	[object({ a: { items: { enum: 1 } } }), "'enum' of 'a.items' isn't what"],
	[{ type: 'object', required: 'a' }, "'required' of the schema isn't what"],
	[{ type: 'string' }, "type 'object'"],
	[[], 'must be an object'],
	[undefined, 'must be an object'],
	[{ type: 'object', description: 'x'.repeat(20_001 - 34) }, 'more than 20,000 characters'],
	[{ type: 'object', required: [1] }, "'required' of the schema isn't what"],
	[{ type: 'object', description: 1 }, "'description' of the schema isn't what"],
	[{ type: 'object', enum: [{}] }, "'enum' of the schema isn't what"],
])('refuses %j', (given, words) => {
	expect(checkSchema(given)).toEqual({ problem: expect.stringContaining(words) as string });
});

it('lets the model alone read what is not enforced, and runs no pattern', () => {
	const a = { type: 'string', pattern: '^(a+)+$', format: 'email', minLength: 99, anyOf: [{ type: 'null' }] };
	const schema = object({ a, b: { $ref: '#/$defs/b' } }, { $defs: { b: false } });
	expect(checkSchema(schema)).toEqual({ schema });
	expect(checkSchema({ type: 'object', description: 'x'.repeat(20_000 - 34) })).toHaveProperty('schema');
	expect(argumentProblems(schema, { a: `${'a'.repeat(40)}!`, b: 1 })).toEqual([]);
});

it('looks for no more than it says, however long the list', () => {
	let named = 0;
	const code = { toJSON: () => String(named++) };
	const schema = object({ codes: { type: 'array', items: { enum: [code] } } });
	expect(argumentProblems(schema, { codes: new Array(1_000).fill('x') })).toHaveLength(5);
	expect(named).toBe(5);
});

it('takes no number that n8n would not store', () => {
	const problems = argumentProblems(object({ n: { type: 'number' } }), JSON.parse('{"n":1e400}'));
	expect(problems).toEqual(["'n' must be of type number, not infinity."]);
});
