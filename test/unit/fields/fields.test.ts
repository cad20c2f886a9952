import fc from 'fast-check';
import { DateTime } from 'luxon';
import { type IDataObject, type INodeProperties, NodeOperationError } from 'n8n-workflow';
import { runInNewContext } from 'node:vm';
import { EVENT_PREFIX } from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { readBatching } from '../../../nodes/VideoSdkAgentCloud/fields/batching';
import { type Field } from '../../../nodes/VideoSdkAgentCloud/fields/field';
import { EVENT_OPTIONS } from '../../../nodes/VideoSdkAgentCloud/fields/events';
import { metaDataFields } from '../../../nodes/VideoSdkAgentCloud/fields/keyValue';
import { sessionField } from '../../../nodes/VideoSdkAgentCloud/fields/locators';
import { readMaxWaitMs } from '../../../nodes/VideoSdkAgentCloud/fields/maxWait';
import { ItemReader } from '../../../nodes/VideoSdkAgentCloud/fields/reader';
import { asList, asNumber } from '../../../nodes/VideoSdkAgentCloud/fields/values';
import { readEnv, readMetaData } from '../../../nodes/VideoSdkAgentCloud/fields/readKeyValue';
import { readWebhook } from '../../../nodes/VideoSdkAgentCloud/fields/readWebhook';
import { readOptions, readRequestOptions } from '../../../nodes/VideoSdkAgentCloud/fields/requestOptions';
import { readLimit } from '../../../nodes/VideoSdkAgentCloud/fields/returnAll';
import { readRoomId, roomIdField } from '../../../nodes/VideoSdkAgentCloud/fields/roomId';
import { check, fieldsContext, thrownBy } from '../support';

const ITEM = 4;
const reader = (parameters: Record<string, unknown>, item?: IDataObject): ItemReader =>
	new ItemReader(fieldsContext(parameters, item), ITEM);

/** Checks that a field is rejected in words: what is wrong, where, and what to do. */
function expectRejection(call: () => unknown, ...words: string[]): void {
	const error = thrownBy(call) as NodeOperationError;
	expect(error).toBeInstanceOf(NodeOperationError);
	for (const word of words) expect(error.message).toContain(word);
	expect(error.context.itemIndex).toBe(ITEM);
	expect(String(error.description)).not.toBe('');
}

interface Group {
	name: string;
	read: (read: ItemReader) => IDataObject | undefined;
	pairs: (pairs: unknown[]) => Record<string, unknown>;
	json: (json: unknown) => Record<string, unknown>;
	keyName: string;
}

const GROUPS: Group[] = [
	{
		name: 'Environment Variables',
		read: readEnv,
		pairs: (variables) => ({ specifyEnv: 'keypair', env: { variables } }),
		json: (jsonEnv) => ({ specifyEnv: 'json', jsonEnv }),
		keyName: 'name',
	},
	{
		name: 'Metadata',
		read: (read) => readMetaData(read, metaDataFields('session')),
		pairs: (entries) => ({ specifyMetaData: 'keypair', metaData: { entries } }),
		json: (jsonMetaData) => ({ specifyMetaData: 'json', jsonMetaData }),
		keyName: 'key',
	},
];

describe.each(GROUPS)('$name', ({ name, read, pairs, json, keyName }) => {
	const readPairs = (list: unknown[]) => read(reader(pairs(list)));
	const readJson = (value: unknown) => read(reader(json(value)));

	it.each([
		['no parameters at all', {}],
		['an empty collection', pairs([])],
		['empty JSON', json('{}')],
		['blank JSON', json(' \n')],
		['an empty object', json({})],
	])('are not sent where there are none: %s', (_name, parameters) => {
		expect(read(reader(parameters))).toBeUndefined();
	});

	it('are read from pairs, in their order, names trimmed and values as they are', () => {
		const entries = readPairs([
			{ [keyName]: ' B ', value: ' two ' },
			{ [keyName]: 'A', value: 'one' },
			{ [keyName]: 'C', value: '' },
			{ [keyName]: 'D' },
			{ [keyName]: 'E', value: null },
		]);
		expect(Object.entries(entries ?? {})).toEqual([
			['B', ' two '],
			['A', 'one'],
			['C', ''],
			['D', ''],
			['E', ''],
		]);
	});

	it('keep names that every object has', () => {
		for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
			const fromPairs = readPairs([{ [keyName]: key, value: 'x' }]);
			expect(Object.entries(fromPairs ?? {})).toEqual([[key, 'x']]);
			expect(JSON.stringify(fromPairs)).toBe(JSON.stringify(JSON.parse(`{"${key}":"x"}`)));
			expect(Object.entries(readJson(`{"${key}":"x"}`) ?? {})).toEqual([[key, 'x']]);
		}
		expect(({} as Record<string, unknown>).x).toBeUndefined();
	});

	it.each([
		{ [keyName]: '', value: 'x' },
		{ [keyName]: ' \t', value: 'x' },
		{ value: 'x' },
		{ [keyName]: null, value: 'x' },
	])('are refused without a name: %j', (pair) => {
		expectRejection(
			() => readPairs([{ [keyName]: 'A', value: 'x' }, pair]),
			`Entry 2 of '${name}' has no 'Name'`,
		);
	});

	it('are refused if a name is given twice, naming it', () => {
		for (const key of ['A', '__proto__', 'toString']) {
			expectRejection(
				() =>
					readPairs([
						{ [keyName]: key, value: 'x' },
						{ [keyName]: 'B', value: 'x' },
						{ [keyName]: ` ${key} `, value: 'x' },
					]),
				`'${key}' appears twice in '${name}'`,
			);
		}
	});

	it.each(['{', "{'a':1}", '{"a":1,}', 'a=1', 'undefined', '\u0000'])(
		'are refused if the JSON is none: %j',
		(text) => {
			expectRejection(() => readJson(text), `'${name} (JSON)' isn't valid JSON`);
		},
	);

	it.each([
		['a Date', new Date(0)],
		['a date of n8n', DateTime.fromMillis(0)],
		['a map', new Map([['a', 1]])],
	])('are refused if an expression gave %s in place of JSON', (_kind, value) => {
		expectRejection(() => readJson(value), `'${name} (JSON)' isn't a JSON object`);
	});

	it.each([
		['a list', [1]],
		['NaN', NaN],
		['Infinity', Infinity],
		['an object', { a: 1 }],
		['a date or another object', new Date(0)],
		['a date or another object', DateTime.fromMillis(0)],
		['a date or another object', new Map()],
	])('are refused if the value of a pair is %s: %j', (kind, value) => {
		expectRejection(
			() => readPairs([{ [keyName]: 'A', value }]),
			`The value of 'A' in '${name}' is ${kind}, not text, a number or a boolean`,
		);
	});

	it.each([
		['a list', ['A']],
		['an object', { A: 1 }],
		['a date or another object', new Date(0)],
	])('are refused if the name of a pair is %s', (kind, key) => {
		expectRejection(
			() =>
				readPairs([
					{ [keyName]: 'A', value: 'x' },
					{ [keyName]: key, value: 'x' },
				]),
			`'Name' in entry 2 of '${name}' is ${kind}, not text`,
		);
	});

	it.each(['[]', '[{"a":1}]', 'null', '5', '"text"', 'true', null, undefined, 5, true, [], ['a']])(
		'are refused if the JSON is no object: %j',
		(value) => {
			expectRejection(() => readJson(value), `'${name} (JSON)' isn't a JSON object`);
		},
	);

	it.each(['{"":1}', '{" ":1}', { '': 1 }, { A: 1, '\t': 2 }])(
		'are refused if the JSON holds no name: %j',
		(value) => {
			expectRejection(() => readJson(value), `'${name} (JSON)' contains an entry without a name`);
		},
	);

	it('give the same from JSON as text and from an object, and leave the object as it was', () => {
		const object = { a: 'x', b: 5, c: { d: [1, null] } };
		const copy = structuredClone(object);
		expect(readJson(object)).toEqual(readJson(JSON.stringify(object)));
		expect(object).toEqual(copy);
	});

	it('may have names that locators have', () => {
		expect(readJson({ mode: 'list', value: 'x' })).toEqual({ mode: 'list', value: 'x' });
	});

	it('are read from an object that an expression made in a realm of its own', () => {
		const object = runInNewContext('({ a: "x" })') as object;
		expect(Object.entries(readJson(object) ?? {})).toEqual([['a', 'x']]);
	});
});

describe('readWebhook', () => {
	const events = [`${EVENT_PREFIX}started`, `${EVENT_PREFIX}failed`];
	const read = (webhookUrl: unknown, webhookEvents: unknown = events) =>
		readWebhook(reader({ webhookUrl, webhookEvents }), EVENT_OPTIONS)?.webhook;

	it.each([
		'',
		' \n',
		null,
		undefined,
		{ __rl: true, mode: 'url', value: '' },
		{ __rl: true, mode: 'url', value: null },
	])('sends no webhook if the URL is %j', (url) => {
		expect(read(url)).toBeUndefined();
		expect(read(url, [])).toBeUndefined();
	});

	it.each([
		'https://n8n.example.com/webhook/6f1c/webhook',
		'http://127.0.0.1:5678/webhook/x/webhook?a=1',
		'HTTPS://n8n.example.com/x',
		'https://user:secret@n8n.example.com/x',
	])('takes %s as it is', (url) => {
		expect(read(url)).toEqual({ endPoint: url, events });
		expect(read(`  ${url}\n`)).toEqual({ endPoint: url, events });
		expect(read({ __rl: true, mode: 'url', value: ` ${url} ` })).toEqual({ endPoint: url, events });
	});

	it.each([
		...[
			'n8n.example.com/webhook',
			'/webhook/x',
			'//n8n.example.com/x',
			'webhook',
			'https:',
			'https://',
			'http://',
		],
		...[
			'https:n8n.example.com',
			'https:/n8n.example.com',
			'ftp://n8n.example.com',
			'file:///x',
			'javascript:alert(1)',
		],
		...['https://n8n example.com', 'https://n8n.example.com:99999/', 'ws://n8n.example.com', 5],
		{ __rl: true, mode: 'url', value: 'n8n.example.com/webhook' },
	])('refuses %j', (url) => {
		expectRejection(() => read(url), "'Webhook URL' must be a URL that starts with https:// or http://");
	});

	it.each([[{}], [['https://n8n.example.com/x']], [{ mode: 'url', value: {} }]])(
		'refuses %j, which is no text',
		(url) => {
			expectRejection(() => read(url), "'Webhook URL' isn't text");
		},
	);

	it.each([[[]], [''], [null]])('refuses a URL without events: %j', (chosen) => {
		expectRejection(() => read('https://n8n.example.com/x', chosen), "'Webhook Events' is empty");
	});

	it.each(['agent-session-started', '*', 'ai-deployment-session-*', 'started', 5])(
		'refuses the event %j',
		(event) => {
			expectRejection(
				() => read('https://n8n.example.com/x', [...events, event]),
				`'Webhook Events' contains '${event}'`,
			);
		},
	);
});

/** What holds a text: a field, a locator, or a plain text in the place of one. */
const holders = (value: unknown) => [value, { __rl: true, mode: 'list', value }, { mode: 'id', value }];

const text: Field<'default'> = {
	blank: 'default',
	displayName: 'Session ID',
	name: 'id',
	type: 'string',
	default: '',
};
const count: Field<'default'> = {
	blank: 'default',
	displayName: 'Tries',
	name: 'tries',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 1_000 },
	default: 7,
};
const flag: Field<'default'> = {
	blank: 'default',
	displayName: 'Own Room',
	name: 'record',
	type: 'boolean',
	default: true,
};
const choice: Field<'default'> = {
	blank: 'default',
	displayName: 'Get By',
	name: 'getBy',
	type: 'options',
	options: ['room', 'id'].map((value) => ({ name: value, value })),
	default: 'room',
};
/** The same, with another policy. */
const required: Field<'required'> = { ...text, blank: 'required' };
const refused: Field<'refused'> = { ...text, blank: 'refused' };
const options = (values: object) => reader({ options: values }).collection({ name: 'options', default: {} });
/** Reads a field as a parameter, and as an option. */
const both = (field: INodeProperties, value: unknown) => [
	reader({ [field.name]: value }),
	options({ [field.name]: value }),
];

describe('A text', () => {
	it.each([
		['6f1c', '6f1c'],
		[' 6f1c\n', '6f1c'],
		['a/b?c#d é', 'a/b?c#d é'],
		[5, '5'],
		[0, '0'],
		[false, 'false'],
	])('%j is read as %j', (value, expected) => {
		for (const read of holders(value).flatMap((holder) => both(text, holder))) {
			expect([read.text(text), read.text(required)]).toEqual([expected, expected]);
		}
	});

	it.each(['', ' ', '\n\t\u00a0', null, undefined])('%j is blank', (value) => {
		for (const read of holders(value).flatMap((holder) => both(text, holder))) {
			expect(read.text(text)).toBeUndefined();
			expectRejection(() => read.text(required), "'Session ID' is empty");
		}
	});

	it.each([[{}], [[]], [{ value: 'x' }], [['x']], [new Date(0)]])('%j is none', (value) => {
		for (const read of holders(value).flatMap((holder) => both(text, holder))) {
			expectRejection(() => read.text(text), "'Session ID' isn't text");
		}
	});

	it('that is missing has the default, and a locator without a value is empty', () => {
		expect(reader({}).text({ ...required, default: 'x' })).toBe('x');
		expect(reader({ id: { __rl: true, mode: 'list' } }).text(text)).toBeUndefined();
	});

	it.each([
		['a, b ,,c', ['a', 'b', 'c']],
		[
			[' a', 5, '', ' '],
			['a', '5'],
		],
		['', []],
		[null, []],
		[undefined, []],
	])('is read as a list: %j', (value, list) => {
		expect(asList(value)).toEqual(list);
	});
});

it('A session is read from a locator or in its place', () => {
	const read = (sessionId: unknown) => reader({ sessionId }).text(sessionField);
	for (const holder of holders(' 6f1c\n')) expect(read(holder)).toBe('6f1c');
	expectRejection(() => read(' '), "'Session' is empty");
});

describe('A number', () => {
	it.each([
		[1, 1],
		[1.9, 1],
		['5', 5],
		[' 5 ', 5],
		['+1e2', 100],
		['.5e1', 5],
	])('%j is read as %j', (value, expected) => {
		for (const read of both(count, value)) expect(read.count(count)).toBe(expected);
	});

	it.each([
		...[0, -1, 0.5, NaN, Infinity, 'many', '5x', '0x10', [], {}, false],
		...[true, [600], ['5'], [[5]], new Date(5), 5n, 1_000.1, '1001'],
	])('%p is refused, as an option that was added, too', (value) => {
		for (const read of both(count, value)) {
			expectRejection(() => read.count(count), "'Tries' must be a number from 1 to 1,000");
		}
	});

	it('may have no maximum, and is missing if the option was not added', () => {
		const free = { ...count, typeOptions: { minValue: 0 } };
		expect(reader({ tries: 1e6 }).count(free)).toBe(1_000_000);
		expectRejection(() => reader({ tries: -1 }).count(free), "'Tries' must be a number (0 or more)");
		expect(options({}).count(count)).toBeUndefined();
		expect(reader({}).count(count)).toBe(7);
		for (const read of ['', ' ', null].flatMap((blank) => both(count, blank)))
			expect(read.count(count)).toBe(7);
	});

	it('is a number or the text of one', () => {
		check(
			fc.property(fc.anything(), (value) => {
				const number = asNumber(value);
				if (typeof value === 'number') expect(number).toBe(value);
				else if (typeof value !== 'string') expect(number).toBeNaN();
				else if (!Number.isNaN(number)) expect(number).toBe(Number(value));
			}),
			1_000,
		);
		check(
			fc.property(
				fc.double({ noNaN: true }),
				(number) => asNumber(` ${number} `) === number || !isFinite(number),
			),
		);
	});
});

describe('A switch', () => {
	it.each([
		[true, true],
		[' TRUE ', true],
		['false', false],
	])('that a table gives as %j is %j', (value, expected) => {
		for (const read of both(flag, value)) expect(read.flag(flag)).toBe(expected);
	});

	it.each([1, 'yes', {}, [true]])('is not %j', (value) => {
		for (const read of both(flag, value)) expectRejection(() => read.flag(flag), "'Own Room'");
	});

	it.each([null, '', undefined])('without a value (%j) has its default', (value) => {
		expect(reader({ record: value }).flag(flag)).toBe(true);
		expect(options({}).flag(flag)).toBeUndefined();
		expect(options({ record: value }).flag(flag)).toBe(true);
	});
});

it('A choice is one of the options', () => {
	expect(reader({ getBy: ' id ' }).choice(choice)).toBe('id');
	for (const value of ['', null]) expect(reader({ getBy: value }).choice(choice)).toBe('room');
	expectRejection(() => reader({ getBy: 'name' }).choice(choice), "'Get By' is 'name', which isn't one of");
});

it('An expression that was typed into a fixed text, ID or number is told how to become one', () => {
	const typed = ' x {{ $json.id }}';
	const reads = [
		(read: ItemReader) => read.text(required),
		(read: ItemReader) => read.text(refused),
		(read: ItemReader) => read.text({ ...text, type: 'resourceLocator' }),
	];
	for (const read of reads) {
		for (const holder of holders(typed)) {
			expectRejection(
				() => read(reader({ id: holder })),
				"'Session ID' contains an expression, but is set to Fixed",
			);
		}
		const evaluated = fieldsContext({ id: `=${typed}` });
		evaluated.getNodeParameter = () => typed as never;
		expect(read(new ItemReader(evaluated, ITEM))).toBe(typed.trim());
	}
	expect(reader({ id: typed }).text(text)).toBe(typed.trim());
});

describe('An optional field', () => {
	it.each<[entered: string, isRefused: boolean]>([
		['', false],
		[' ', false],
		['={{ $json.from }}', true],
		['={{ $fromAI("From") }}', false],
	])('entered as %j without a value', (entered, isRefused) => {
		for (const holder of holders(entered)) {
			const context = fieldsContext({ id: holder });
			context.getNodeParameter = () => undefined as never;
			const read = () => new ItemReader(context, ITEM).text(refused);
			if (isRefused) expectRejection(read, "'Session ID' is empty");
			else expect(read()).toBeUndefined();
		}
	});
});

it('No limit is read where all are wanted', () => {
	expect(readLimit(reader({ returnAll: true, limit: 0 }))).toBe(Infinity);
	expect(readLimit(reader({ returnAll: false, limit: 7 }))).toBe(7);
	expect(readLimit(reader({}))).toBe(50);
});

describe('The options of the requests', () => {
	const read = (given: object) => readRequestOptions(reader({ options: given }));

	it('are bounded and have defaults', () => {
		expect(readRequestOptions(reader({}))).toEqual({ maxConcurrency: 100, timeoutMs: 30_000 });
		expect(read({ maxConcurrency: 3, timeout: 500 })).toEqual({ maxConcurrency: 3, timeoutMs: 500 });
		expect(read({ maxConcurrency: 10_000 }).maxConcurrency).toBe(200);
		expectRejection(
			() => read({ timeout: 2_147_483_648 }),
			"'Timeout' must be a number from 1 to 2,147,483,647",
		);
	});

	it.each([
		[
			{ batchSize: 10, batchInterval: 2_000 },
			{ batchSize: 10, batchIntervalMs: 2_000 },
		],
		[{}, { batchSize: 50, batchIntervalMs: 1_000 }],
		[{ batchSize: 0 }, { batchSize: 1, batchIntervalMs: 1_000 }],
		[{ batchSize: null }, { batchSize: 50, batchIntervalMs: 1_000 }],
		[{ batchSize: '-1' }, undefined],
		[{ batchInterval: 0 }, undefined],
		[undefined, undefined],
	])('batches of %j', (batch, batching) => {
		expect(readBatching(readOptions(reader({ options: { batching: { batch } } })))).toEqual(batching);
		expect(read({ batching: { batch } })).toEqual({ maxConcurrency: 100, timeoutMs: 30_000, ...batching });
	});

	it.each([{ batchSize: -2 }, { batchInterval: true }])('no batches of %j', (batch) => {
		expectRejection(() => read({ batching: { batch } }), "'");
	});
});

describe('A wait', () => {
	it.each([
		[1, 'minutes', 60_000],
		[0.5, 'hours', 1_800_000],
		['2', 'days', 172_800_000],
		[30, 'days', 2_592_000_000],
		['', 'hours', 3_600_000],
		[null, '', 3_600_000],
	])('of %j %s', (maxWait, maxWaitUnit, ms) => {
		expect(readMaxWaitMs(reader({ maxWait, maxWaitUnit }))).toBe(ms);
	});

	it.each([
		[0, 'hours'],
		[-1, 'hours'],
		['x', 'hours'],
		[true, 'hours'],
		[[1], 'hours'],
		[1, 'weeks'],
		[1, 'toString'],
		[Infinity, 'days'],
		[30.1, 'days'],
	])('is not %j %s', (maxWait, maxWaitUnit) => {
		expectRejection(() => readMaxWaitMs(reader({ maxWait, maxWaitUnit })), "'Max Wait");
	});
});

describe('The ID of a room', () => {
	const read = (roomId: unknown, item?: IDataObject) => readRoomId(reader({ roomId }, item), roomIdField);

	it.each(['abcd-efgh-ijkl', ' order_47.11:a@b \n', 4711])('%j is read, trimmed', (value) => {
		expect(read(value)).toBe(String(value).trim());
	});

	it.each([
		...['my room', 'https://app.videosdk.live/abcd-efgh-ijkl', '[object Object]'],
		...['undefined', 'null', '../rooms', 'a?b', '"abcd"', 'x'.repeat(129)],
	])('%j is none', (value) => {
		expectRejection(() => read(value), "'Room ID' isn't a room ID");
	});

	it("is not the record's 'id'", () => {
		expectRejection(
			() => read('65f1', { id: '65f1', roomId: 'abcd' }),
			"'Room ID' is the room's 'id', not its 'roomId'",
		);
		expect(read('65f1', { id: '65f1' })).toBe('65f1');
		expect(read('abcd', { id: 'abcd', roomId: 'abcd' })).toBe('abcd');
		expect(read('abcd', { id: '65f1', roomId: 'abcd' })).toBe('abcd');
	});
});
