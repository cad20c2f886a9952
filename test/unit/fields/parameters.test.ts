import { schemaOfParameters } from '../../../nodes/VideoSdkAgentCloud/fields/parameters';

const requiredOf = (required: unknown) =>
	schemaOfParameters(
		[{ name: 'a', required } as object as { name: string }],
		['string'],
		{ list: 'List', one: 'Entry' },
		(what) => new Error(what),
	).required;

it.each([undefined, null, '', ' ', true, 'TRUE'])('A parameter is required if Required is %j', (value) => {
	expect(requiredOf(value)).toEqual(['a']);
});

it.each([false, 'false', ' False '])('A parameter is optional if Required is %j', (value) => {
	expect(requiredOf(value)).toBeUndefined();
});
