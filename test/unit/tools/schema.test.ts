import Ajv from 'ajv';
import fc from 'fast-check';
import { argumentProblems, checkSchema } from '../../../nodes/VideoSdkAgentCloudMcp/schema';
import { check } from '../support';

const NAMES = ['a', 'b', 'toString', '__proto__'];
const primitive = fc.oneof(
	fc.constantFrom('', 'x', 'yes', '😀😀'),
	fc.integer({ min: -3, max: 9 }),
	fc.boolean(),
	fc.constant(null),
);
const schema = fc.letrec<{ schema: object }>((tie) => ({
	schema: fc.oneof(
		{ maxDepth: 3 },
		fc.record(
			{
				type: fc.constantFrom('string', 'number', 'integer', 'boolean', 'null', [
					'string',
					'null',
				] as unknown as string),
				enum: fc.uniqueArray(primitive, { minLength: 1, maxLength: 3 }),
				minimum: fc.integer({ min: -2, max: 4 }),
				maximum: fc.integer({ min: 0, max: 8 }),
				minLength: fc.nat(2),
				maxLength: fc.nat(3),
				description: fc.string(),
				title: fc.string(),
				default: primitive,
				examples: fc.array(primitive),
			},
			{ requiredKeys: [] },
		),
		fc.record(
			{ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(2), maxItems: fc.nat(3) },
			{ requiredKeys: ['type'] },
		),
		fc.record(
			{
				type: fc.constant('object'),
				properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema')),
				required: fc.uniqueArray(fc.constantFrom('a', 'b')),
				additionalProperties: fc.boolean(),
			},
			{ requiredKeys: ['type'] },
		),
	),
})).schema;
const value = fc.letrec<{ value: unknown }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 3 },
		primitive,
		fc.array(tie('value'), { maxLength: 3 }),
		fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { noNullPrototype: true }),
	),
})).value;

it('accepts exactly what a whole JSON schema validator accepts', () => {
	check(
		fc.property(
			fc.dictionary(fc.constantFrom('a', 'b'), schema),
			fc.boolean(),
			value,
			(properties, isOpen, input) => {
				const rules = { type: 'object', properties, additionalProperties: isOpen };
				const whole = JSON.parse(JSON.stringify(rules)) as object;
				const checked = checkSchema(whole);
				if (!('schema' in checked)) throw new Error(checked.problem);
				const isValid = new Ajv({ unknownFormats: 'ignore' }).validate(whole, input);
				expect(argumentProblems(checked.schema, input)).toEqual(
					isValid ? [] : expect.arrayContaining([expect.any(String)]),
				);
			},
		),
	);
});

it.each([
	[
		{ type: 'object', additionalProperties: {} },
		"'additionalProperties' of the schema must be true or false",
	],
	[{ type: 'object', anyOf: [] }, "has the keyword 'anyOf'"],
	[{ type: 'object', properties: { a: { type: 'string', $ref: '#' } } }, "'a' has the keyword '$ref'"],
	[{ type: 'object', properties: { a: { items: { oneOf: [] } } } }, "'a.items' has the keyword 'oneOf'"],
	[{ type: 'object', properties: { a: { type: 'text' } } }, "'type' of 'a' must be one of"],
	[{ type: 'object', required: 'a' }, "'required' of the schema must be a list of names"],
	[{ type: 'string' }, "type 'object'"],
	[[], 'must be an object'],
	[JSON.parse('{"type":"object","__proto__":{}}'), "keyword '__proto__'"],
])('refuses %j', (given, words) => {
	expect(checkSchema(given)).toEqual({ problem: expect.stringContaining(words) as string });
});

it('runs no pattern', () => {
	const slow = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$', format: 'email' } } };
	const checked = checkSchema(slow);
	if (!('schema' in checked)) throw new Error(checked.problem);
	expect(argumentProblems(checked.schema, { a: `${'a'.repeat(40)}!` })).toEqual([]);
});
