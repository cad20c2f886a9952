import { type IDataObject } from 'n8n-workflow';
import { schemaOfParameters } from '../../../../nodes/VideoSdkAgentCloud/fields/kit/parameters';

const schemaOf = (parameter: object) =>
	schemaOfParameters(
		{ displayName: 'List', name: 'list', one: 'Entry', examples: ['', ''], required: '' },
		[{ name: 'a', ...parameter } as IDataObject],
		(what, nextStep) => new Error(`${what}. ${nextStep}`),
	);

it.each([undefined, null, '', ' ', true, 'TRUE'])('A parameter is required if Required is %j', (required) => {
	expect(schemaOf({ required }).required).toEqual(['a']);
});

it.each([false, 'false', ' False '])('A parameter is optional if Required is %j', (required) => {
	expect(schemaOf({ required }).required).toBeUndefined();
});

it.each<[values: object, schema: object]>([
	[{}, {}],
	[{ min: '', max: ' ' }, {}],
	[{ min: 0, max: null }, { minimum: 0 }],
	[{ max: ' -1.5 ' }, { maximum: -1.5 }],
	[
		{ min: '1e3', max: 1000 },
		{ minimum: 1000, maximum: 1000 },
	],
])('A number with %j has the limits %j', (values, schema) => {
	expect(schemaOf({ type: 'number', ...values }).properties.a).toEqual({ type: 'number', ...schema });
});

it('Limits of what is no number count for nothing', () => {
	expect(schemaOf({ type: 'string', min: 'x' }).properties.a).toEqual({ type: 'string' });
});

it.each([
	[{ min: 'ten' }, "'Min' of Entry 1 in 'List' is 'ten', but must be a number"],
	[{ max: true }, "'Max' of Entry 1 in 'List' is 'true', but must be a number"],
	[{ min: 10, max: 0 }, "'Min' of Entry 1 in 'List' is 10, which is above its 'Max', 0"],
])('Limits that are none are refused at their field: %j', (values, words) => {
	expect(() => schemaOf({ type: 'number', ...values })).toThrow(words);
});

it.each([
	['date', 'When. A date of the calendar as YYYY-MM-DD'],
	['dateTime', 'When. A date and time with the offset from UTC, as YYYY-MM-DDTHH:MM:SS+HH:MM'],
	['email', 'When. An email address'],
	['phone', 'When. One phone number with a plus sign and the country code'],
])('A model reads what a %s looks like', (type, description) => {
	expect(schemaOf({ type, description: 'When' }).properties.a).toEqual({
		type: 'string',
		format: type,
		description,
	});
});
