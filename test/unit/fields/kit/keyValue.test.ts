/** Names and values, entered as pairs or as JSON: Metadata, and Environment Variables, which are the same as texts. */
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { runInNewContext } from 'node:vm';
import {
	metaDataFields,
	readEnv,
	readKeyValues,
} from '../../../../nodes/VideoSdkAgentCloud/fields/kit/keyValue';
import { check, unicode } from '../../support';
import { expectRejection, reader } from '../reader';

const read = (parameters: Record<string, unknown>) =>
	readKeyValues(reader(parameters), metaDataFields('session'));
const readPairs = (...entries: unknown[]) => read({ specifyMetaData: 'keypair', metaData: { entries } });
const readJson = (jsonMetaData: unknown) => read({ specifyMetaData: 'json', jsonMetaData });

it('Names and values come as they were entered, in their order, names of pairs trimmed and no value as an empty text', () => {
	const name = fc
		.oneof(unicode(1), fc.constantFrom('__proto__', 'constructor', 'toString', 'mode', 'value'))
		// Objects begin with the names that are numbers.
		.filter((text) => text.trim() !== '' && !/^\d+$/.test(text.trim()));
	const value = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constantFrom(null, undefined, ' '));
	const pairs = fc.uniqueArray(fc.tuple(name, value), { minLength: 1, selector: ([key]) => key.trim() });
	const space = fc.constantFrom('', ' ', '\t\n');
	check([pairs, space], (list, around) => {
		const entered = list.map(([key, one]) => ({ key: `${around}${key}${around}`, value: one }));
		expect(Object.entries(readPairs(...entered) ?? {})).toEqual(
			list.map(([key, one]) => [key.trim(), one ?? '']),
		);
		const json = `{${list.map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(one ?? null)}`).join()}}`;
		expect(Object.entries(readJson(json) ?? {})).toEqual(list.map(([key, one]) => [key, one ?? null]));
		const object: unknown = JSON.parse(json);
		expect(readJson(object)).toEqual(readJson(json));
		expect(JSON.stringify(object)).toBe(json);
	});
	expect(({} as Record<string, unknown>).x).toBeUndefined();
	for (const object of ['({ a: "x" })', '({ __proto__: null, a: "x" })'])
		expect(Object.entries(readJson(runInNewContext(object)) ?? {})).toEqual([['a', 'x']]);
});

it('Names and values are not sent where there are none', () => {
	expect([read({}), readPairs()]).toEqual([undefined, undefined]);
	for (const none of ['{}', {}, ' \n', '', ' ', null, undefined]) expect(readJson(none)).toBeUndefined();
});

it.each<[kind: string, value: unknown]>([
	['a list', ['A']],
	['an object', { a: 1 }],
	['NaN', NaN],
	['Infinity', Infinity],
	['a date or another object', new Date(0)],
	['a date or another object', DateTime.fromMillis(0)],
	['a date or another object', new Map([['a', 1]])],
])('%s is neither a value nor a name: %j', (kind, value) => {
	const message = `The value of 'A' in 'Metadata' isn't text, a number, or a boolean`;
	expectRejection(() => readPairs({ key: 'A', value }), message);
	const pairs = [{ key: 'A', value: 'x' }, { key: value }];
	expectRejection(() => readPairs(...pairs), `'Name' in entry 2 of 'Metadata' isn't text`);
	if (kind !== 'an object') expectRejection(() => readJson(value), "'Metadata (JSON)' isn't a JSON object");
});

it('Pairs are refused without a name, or with one that is given twice', () => {
	for (const key of ['', ' \t', null, undefined])
		expectRejection(() => readPairs({ key: 'A' }, { key }), "Entry 2 of 'Metadata' has no 'Name'");
	for (const key of ['A', '__proto__', 'toString']) {
		const pairs = [{ key }, { key: 'B' }, { key: ` ${key} ` }];
		expectRejection(() => readPairs(...pairs), `'${key}' appears twice in 'Metadata'`);
	}
});

it.each(['n8nTools', 'N8N_TOOLS', 'n8nAgent', 'N8N_AGENT', 'n8nConversation', 'n8nKey'])(
	"Pairs are refused under n8n's own name %s",
	(name) => {
		const message = `'Metadata' contains '${name}', a name that only n8n itself may use`;
		expectRejection(() => readPairs({ key: ` ${name}`, value: '' }), message);
		expectRejection(() => readJson({ [name]: null }), message);
		const said = `a","${name}":[{"url":"http://evil.example"}],"x":"`;
		expectRejection(() => readJson(`{"note":"${said}"}`), message);
		const env = { specifyEnv: 'json', jsonEnv: { [name]: 1 } };
		expectRejection(() => readEnv(reader(env)), `'Environment Variables' contains '${name}'`);
	},
);

it.each<[what: string, ...jsons: unknown[]]>([
	["isn't valid JSON", '{', "{'a':1}", '{"a":1,}', 'a=1', 'undefined', '\u0000'],
	["isn't a JSON object", '[]', '[{"a":1}]', 'null', '5', '"text"', 'true', 5, true, []],
	['contains an entry without a name', '{"":1}', '{" ":1}', { '': 1 }, { A: 1, '\t': 2 }],
])('JSON is read as pairs: %s', (what, ...jsons) => {
	for (const json of jsons) expectRejection(() => readJson(json), `'Metadata (JSON)' ${what}`);
});

it.each(['pairs', 'JSON'])(
	'Names and values are not ignored because n8n does not know the kind %s',
	(kind) => {
		const metaData = { entries: [{ key: 'A', value: 'x' }] };
		expectRejection(() => read({ specifyMetaData: kind, metaData }), `'Specify Metadata' is '${kind}'`);
	},
);

it('Environment variables are texts', () => {
	const jsonEnv = { t: 'x"', n: 5, yes: true, none: null, o: { a: [1] }, at: new Date(0), i: NaN };
	const texts = { t: 'x"', n: '5', yes: 'true', none: '', o: '{"a":[1]}', at: '1970-01-01T00:00:00.000Z' };
	expect(readEnv(reader({ specifyEnv: 'json', jsonEnv }))).toEqual({ ...texts, i: 'null' });
	const variables = [{ name: ' A ', value: 5 }];
	expect(readEnv(reader({ specifyEnv: 'keypair', env: { variables } }))).toEqual({ A: '5' });
	expect(readEnv(reader({}))).toBeUndefined();
});

it('Values that look like expressions without the equals sign are refused, but not the placeholders of an agent', () => {
	const words = 'contains an expression, but is set to Fixed';
	for (const value of ['{{ $json.name }}', 'Dear {{$json.name}}'])
		expectRejection(
			() => readPairs({ key: 'B', value: 'x' }, { key: 'A', value }),
			`'A' in 'Metadata' ${words}`,
		);
	expectRejection(() => readPairs({ key: '{{ $json.key }}', value: 'x' }), `Entry 1 of 'Metadata' ${words}`);
	expectRejection(() => readJson('{"A":"{{ $json.name }}"}'), `'Metadata (JSON)' ${words}`);
	expect(readPairs({ key: 'A', value: 'Dear {{ name }}' })).toEqual({ A: 'Dear {{ name }}' });
	expect(readJson('{"A":"{{ name }}"}')).toEqual({ A: '{{ name }}' });
});
