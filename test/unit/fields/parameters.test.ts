import { schemaOfParameters } from '../../../nodes/VideoSdkAgentCloud/fields/parameters';

const requiredOf = (required: unknown) =>
	schemaOfParameters(
		{ displayName: 'List', name: 'list', one: 'Entry', types: ['string'], examples: ['', ''], required: '' },
		[{ name: 'a', required } as object as { name: string }],
		(what) => new Error(what),
	).required;

it.each([undefined, null, '', ' ', true, 'TRUE'])('A parameter is required if Required is %j', (value) => {
	expect(requiredOf(value)).toEqual(['a']);
});

it.each([false, 'false', ' False '])('A parameter is optional if Required is %j', (value) => {
	expect(requiredOf(value)).toBeUndefined();
});
