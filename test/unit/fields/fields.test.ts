import fc from 'fast-check';
import { DateTime } from 'luxon';
import type { IDataObject } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { runInNewContext } from 'node:vm';
import { operation as getDeployment } from '../../../nodes/VideoSdkAgentCloud/actions/deployment/get.operation';
import { EVENT_PREFIX, SESSION_EVENTS } from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import {
	asText,
	asFlag,
	readCount,
	readList,
	readOptional,
	readRequired,
	readSessionId,
} from '../../../nodes/VideoSdkAgentCloud/fields/read';
import { readEnv, readMetaData } from '../../../nodes/VideoSdkAgentCloud/fields/readKeyValue';
import { readCallOptions } from '../../../nodes/VideoSdkAgentCloud/fields/callOptions';
import { readLimit } from '../../../nodes/VideoSdkAgentCloud/fields/list';
import { readMaxWaitMs } from '../../../nodes/VideoSdkAgentCloud/fields/maxWait';
import { readRequestOptions } from '../../../nodes/VideoSdkAgentCloud/fields/requestOptions';
import { EVENT_OPTIONS } from '../../../nodes/VideoSdkAgentCloud/fields/events';
import { readWebhook } from '../../../nodes/VideoSdkAgentCloud/fields/readWebhook';
import { check, fieldsContext, thrownBy, unicode } from '../support';

const ITEM = 4;

/** Checks that a field is rejected in words: what is wrong, where, and what to do. */
function expectRejection(call: () => unknown, ...words: string[]): void {
	const error = thrownBy(call) as NodeOperationError;
	expect(error).toBeInstanceOf(NodeOperationError);
	for (const word of words) expect(error.message).toContain(word);
	expect(error.message).toContain(`[item ${ITEM}]`);
	expect(error.context.itemIndex).toBe(ITEM);
	expect(String(error.description)).not.toBe('');
}

interface Group {
	name: string;
	read: typeof readMetaData;
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
		read: readMetaData,
		pairs: (entries) => ({ specifyMetaData: 'keypair', metaData: { entries } }),
		json: (jsonMetaData) => ({ specifyMetaData: 'json', jsonMetaData }),
		keyName: 'key',
	},
];

describe.each(GROUPS)('$name', ({ name, read, pairs, json, keyName }) => {
	const readPairs = (list: unknown[]) => read(fieldsContext(pairs(list)), ITEM);
	const readJson = (value: unknown) => read(fieldsContext(json(value)), ITEM);

	it.each([
		['no parameters at all', {}],
		['an empty collection', pairs([])],
		['empty JSON', json('{}')],
		['blank JSON', json(' \n')],
		['an empty object', json({})],
	])('are not sent where there are none: %s', (_name, parameters) => {
		expect(read(fieldsContext(parameters), ITEM)).toBeUndefined();
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
				`'${key}' is given twice in '${name}'`,
			);
		}
	});

	it('are read from any pairs with names of their own', () => {
		const key = unicode(1).filter((text) => text.trim() !== '');
		check(
			fc.property(
				fc.uniqueArray(fc.record({ key, value: unicode() }), {
					selector: (entry) => entry.key.trim(),
					minLength: 1,
					maxLength: 8,
				}),
				(entries) => {
					const result = readPairs(entries.map((entry) => ({ [keyName]: entry.key, value: entry.value })));
					const expected = entries.map((entry) => [entry.key.trim(), entry.value]);
					expect(new Map(Object.entries(result ?? {}))).toEqual(new Map(expected as Array<[string, string]>));
				},
			),
		);
	});

	it.each(['{', "{'a':1}", '{"a":1,}', 'a=1', 'undefined', '\u0000'])(
		'are refused if the JSON is none: %j',
		(text) => {
			expectRejection(() => readJson(text), `'${name} (JSON)' is not valid JSON`);
		},
	);

	it.each([
		['a Date', new Date(0)],
		['a date of n8n', DateTime.fromMillis(0)],
		['a map', new Map([['a', 1]])],
	])('are refused if an expression gave %s in place of JSON', (_kind, value) => {
		expectRejection(() => readJson(value), `'${name} (JSON)' is not a JSON object`);
	});

	it.each([
		['a list', [1]],
		['an object', { a: 1 }],
		['a date or another object', new Date(0)],
		['a date or another object', DateTime.fromMillis(0)],
		['a date or another object', new Map()],
	])('are refused if the value of a pair is %s: %j', (kind, value) => {
		expectRejection(
			() => readPairs([{ [keyName]: 'A', value }]),
			`The value of 'A' in '${name}' is ${kind}, not a text, number or boolean`,
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
			`The 'Name' of entry 2 of '${name}' is ${kind}, not a text`,
		);
	});

	it.each(['[]', '[{"a":1}]', 'null', '5', '"text"', 'true', null, undefined, 5, true, [], ['a']])(
		'are refused if the JSON is no object: %j',
		(value) => {
			expectRejection(() => readJson(value), `'${name} (JSON)' is not a JSON object`);
		},
	);

	it.each(['{"":1}', '{" ":1}', { '': 1 }, { A: 1, '\t': 2 }])(
		'are refused if the JSON holds no name: %j',
		(value) => {
			expectRejection(() => readJson(value), `'${name} (JSON)' holds an entry without a name`);
		},
	);

	it('are read from any JSON text', () => {
		check(
			fc.property(fc.dictionary(unicode(1), fc.jsonValue()), (object) => {
				fc.pre(Object.keys(object).length > 0 && Object.keys(object).every((key) => key.trim() !== ''));
				expect(readJson(JSON.stringify(object, null, 1))).toEqual(
					read(fieldsContext(json(JSON.parse(JSON.stringify(object)))), ITEM),
				);
			}),
		);
	});

	it('give the same from JSON as text and from an object, and leave the object as it was', () => {
		const object = { a: 'x', b: 5, c: { d: [1, null] } };
		const copy = structuredClone(object);
		expect(readJson(object)).toEqual(readJson(JSON.stringify(object)));
		expect(object).toEqual(copy);
	});

	it('are read from an object that an expression made in a realm of its own', () => {
		const object = runInNewContext('({ a: "x" })') as object;
		expect(Object.entries(readJson(object) ?? {})).toEqual([['a', 'x']]);
	});
});

describe('readEnv', () => {
	it('sends every value as text', () => {
		const env = {
			text: 'x',
			empty: '',
			number: 5,
			no: false,
			nothing: null,
			list: [1, 'a'],
			object: { a: 1 },
		};
		expect(readEnv(fieldsContext({ specifyEnv: 'json', jsonEnv: JSON.stringify(env) }), ITEM)).toEqual({
			text: 'x',
			empty: '',
			number: '5',
			no: 'false',
			nothing: '',
			list: '[1,"a"]',
			object: '{"a":1}',
		});
	});

	it('gives text from any JSON object', () => {
		check(
			fc.property(
				fc.dictionary(
					unicode(1).filter((key) => key.trim() !== ''),
					fc.jsonValue(),
					{ minKeys: 1 },
				),
				(jsonEnv) => {
					const env = readEnv(fieldsContext({ specifyEnv: 'json', jsonEnv }), ITEM);
					expect(Object.keys(env ?? {}).sort()).toEqual(Object.keys(jsonEnv).sort());
					for (const value of Object.values(env ?? {})) expect(typeof value).toBe('string');
				},
			),
		);
	});

	it('turns numbers and booleans of pairs that an expression made into text', () => {
		const variables = [
			{ name: 'A', value: 5 },
			{ name: 'B', value: 0 },
			{ name: 'C', value: true },
			{ name: 'D', value: false },
		];
		expect(readEnv(fieldsContext({ env: { variables } }), ITEM)).toEqual({
			A: '5',
			B: '0',
			C: 'true',
			D: 'false',
		});
	});

	it('gives a date inside JSON as ISO text', () => {
		const jsonEnv = { date: new Date(0), dateOfN8n: DateTime.fromMillis(0, { zone: 'utc' }) };
		expect(readEnv(fieldsContext({ specifyEnv: 'json', jsonEnv }), ITEM)).toEqual({
			date: '1970-01-01T00:00:00.000Z',
			dateOfN8n: '1970-01-01T00:00:00.000Z',
		});
	});
});

describe('readMetaData', () => {
	it('keeps the types of pairs', () => {
		const entries = [
			{ key: 'number', value: 5 },
			{ key: 'no', value: false },
			{ key: 'text', value: '5' },
		];
		expect(readMetaData(fieldsContext({ metaData: { entries } }), ITEM)).toEqual({
			number: 5,
			no: false,
			text: '5',
		});
	});

	it('keeps the types of JSON', () => {
		check(
			fc.property(
				fc.dictionary(
					unicode(1).filter((key) => key.trim() !== ''),
					fc.jsonValue(),
					{ minKeys: 1 },
				),
				(value) => {
					const text = JSON.stringify(value);
					const metaData = readMetaData(fieldsContext({ specifyMetaData: 'json', jsonMetaData: text }), ITEM);
					expect(JSON.stringify(metaData)).toBe(JSON.stringify(JSON.parse(text)));
				},
			),
		);
	});
});

describe('readWebhook', () => {
	const events = [`${EVENT_PREFIX}started`, `${EVENT_PREFIX}failed`];
	const read = (webhookUrl: unknown, webhookEvents: unknown = events) =>
		readWebhook(fieldsContext({ webhookUrl, webhookEvents }), ITEM);

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
		expectRejection(() => read(url), "'Webhook URL' is not an absolute http or https URL");
	});

	it.each([[{}], [['https://n8n.example.com/x']], [{ mode: 'url', value: {} }]])(
		'refuses %j, which is no text',
		(url) => {
			expectRejection(() => read(url), "'Webhook URL' is not a text");
		},
	);

	it('passes on an absolute http(s) URL only', () => {
		const scraps = fc.constantFrom(
			'https:',
			'http:',
			'//',
			'/',
			'\\',
			'n8n.example.com',
			'x',
			' ',
			'@',
			':',
			'ftp:',
			'\t',
			'#',
			'?',
		);
		const url = fc.oneof(
			unicode(),
			fc.webUrl(),
			fc.array(scraps, { maxLength: 6 }).map((parts) => parts.join('')),
		);
		check(
			fc.property(url, (text) => {
				let webhook: IDataObject | undefined;
				try {
					webhook = read(text);
				} catch (error) {
					expect(error).toBeInstanceOf(NodeOperationError);
					return;
				}
				if (webhook !== undefined) expect(new URL(String(webhook.endPoint)).protocol).toMatch(/^https?:$/);
				else expect(text.trim()).toBe('');
			}),
			1_000,
		);
	});

	it.each([[[]], [''], [undefined], [null]])('refuses a URL without events: %j', (chosen) => {
		expectRejection(
			() =>
				readWebhook(fieldsContext({ webhookUrl: 'https://n8n.example.com/x', webhookEvents: chosen }), ITEM),
			"'Webhook Events' is empty",
		);
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

	it('takes the events as one text with commas, too', () => {
		const chosen = `${events.join(', ')}, `;
		expect(
			readWebhook(fieldsContext({ webhookUrl: 'https://n8n.example.com/x', webhookEvents: chosen }), ITEM),
		).toEqual({ endPoint: 'https://n8n.example.com/x', events });
	});

	it('offers the five documented events', () => {
		const documented = SESSION_EVENTS.map((event) => `ai-deployment-session-${event}`);
		expect(EVENT_OPTIONS.map(({ value }) => value).sort()).toEqual([...documented].sort());
		expect(read('https://n8n.example.com/x', documented)).toEqual({
			endPoint: 'https://n8n.example.com/x',
			events: documented,
		});
	});
});

/** What holds a text: a field, a locator, or a plain text in the place of one. */
const holders = (value: unknown) => [value, { __rl: true, mode: 'list', value }, { mode: 'id', value }];

describe('readRequired', () => {
	const read = (value: unknown) =>
		readRequired(fieldsContext({ sessionId: value }), 'sessionId', 'Session ID', ITEM);

	it.each([
		['6f1c', '6f1c'],
		[' 6f1c\n', '6f1c'],
		['a/b?c#d é', 'a/b?c#d é'],
		[5, '5'],
		[0, '0'],
		[false, 'false'],
	])('reads %j', (value, text) => {
		for (const holder of holders(value)) expect(read(holder)).toBe(text);
	});

	it.each(['', ' ', '\n\t\u00a0', null, undefined])('refuses %j', (value) => {
		for (const holder of holders(value)) expectRejection(() => read(holder), "'Session ID' is empty");
	});

	it.each([[{}], [[]], [{ value: 'x' }], [['x']], [new Date(0)]])('refuses %j, which is no text', (value) => {
		for (const holder of holders(value)) expectRejection(() => read(holder), "'Session ID' is not a text");
	});

	it('names the deployment as the user reads it', () => {
		expectRejection(
			() => getDeployment.prepare(fieldsContext({ deploymentId: ' ', tag: 'v1' }), ITEM),
			"'Deployment' is empty",
		);
	});
});

describe('readSessionId', () => {
	const read = (value: unknown) => readSessionId(fieldsContext({ sessionId: value }), ITEM);
	const uuid = '6f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b';

	it.each([
		[uuid, uuid],
		[`session-${uuid}`, uuid],
		[` session-${uuid}\n`, uuid],
		['session-6f1c', 'session-6f1c'],
	])('reads %j in the spelling of the API', (value, id) => {
		for (const holder of holders(value)) expect(read(holder)).toBe(id);
	});

	it.each(['', ' ', null, undefined])('refuses %j, naming the field', (value) => {
		expectRejection(() => read(value), "'Session' is empty");
	});
});

describe('readOptional, asText and readList', () => {
	it.each([
		['v1', 'v1'],
		[' v1 ', 'v1'],
		[1, '1'],
		['', undefined],
		[' ', undefined],
		[null, undefined],
		[undefined, undefined],
	])('readOptional and asText read %j', (value, text) => {
		for (const holder of holders(value)) {
			expect(readOptional(fieldsContext({ tag: holder }), 'tag', 'Tag', ITEM)).toBe(text);
			expect(asText(fieldsContext({}), holder, 'Tag', ITEM)).toBe(text);
		}
		expect(readOptional(fieldsContext({}), 'tag', 'Tag', ITEM)).toBeUndefined();
	});

	it.each([[{}], [{ a: 1 }], [['v1']], [{ value: 'v1' }]])('readOptional and asText refuse %j', (value) => {
		for (const holder of holders(value)) {
			expectRejection(
				() => readOptional(fieldsContext({ tag: holder }), 'tag', 'Tag', ITEM),
				"'Tag' is not a text",
			);
			expectRejection(() => asText(fieldsContext({}), holder, 'Tag', ITEM), "'Tag' is not a text");
		}
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
	])('readList reads %j', (value, list) => {
		expect(readList(value)).toEqual(list);
	});
});

describe('numbers', () => {
	const read = (value: unknown) => readCount(fieldsContext({}), value, 'Limit', ITEM);

	it.each([
		[1, 1],
		[1.9, 1],
		['5', 5],
		[' 5 ', 5],
		[1e6, 1_000_000],
	])('readCount reads %j', (value, count) => {
		expect(read(value)).toBe(count);
	});

	it.each([0, -1, 0.5, NaN, Infinity, -Infinity, '', ' ', 'many', '5x', null, undefined, {}, [], false])(
		'readCount refuses %j',
		(value) => {
			expectRejection(() => read(value), "'Limit' must be a number of at least 1");
		},
	);

	it('readCount knows a maximum', () => {
		const readUpTo = (value: unknown) => readCount(fieldsContext({}), value, 'Limit', ITEM, 1_000);
		expect(readUpTo(1_000)).toBe(1_000);
		for (const value of [1_000.1, 1_001, Infinity, 0, 'many']) {
			expectRejection(() => readUpTo(value), "'Limit' must be a number from 1 to 1,000");
		}
	});

	it('readCount gives a whole number of at least 1, or refuses', () => {
		check(
			fc.property(
				fc.oneof(
					fc.double(),
					fc.integer(),
					fc.string(),
					fc.double().map(String),
					fc.constantFrom(null, true, {}, []),
				),
				(value) => {
					let count: number;
					try {
						count = read(value);
					} catch (error) {
						expect(error).toBeInstanceOf(NodeOperationError);
						return;
					}
					expect(Number.isInteger(count) && count >= 1).toBe(true);
				},
			),
			1_000,
		);
	});

	it.each([
		[true, true],
		[' TRUE ', true],
		['false', false],
		[null, undefined],
		['', undefined],
	])('reads a switch that a table gives as %j', (value, flag) => {
		expect(asFlag(fieldsContext({}), value, 'Record Audio', ITEM)).toBe(flag);
	});

	it.each([1, 'yes', {}])('refuses a switch that is %j', (value) => {
		expectRejection(() => asFlag(fieldsContext({}), value, 'Record Audio', ITEM), "'Record Audio'");
	});

	it('takes a locator without a value for empty', () => {
		expect(readOptional(fieldsContext({ tag: { __rl: true, mode: 'list' } }), 'tag', 'Tag', ITEM)).toBe(
			undefined,
		);
	});

	it('refuses a limit of a call that has no value: the call would have none', () => {
		const options = { maxCallDuration: undefined };
		expectRejection(() => readCallOptions(fieldsContext({ options }), ITEM), "'Max Call Duration'");
	});

	it('reads no limit where all are wanted', () => {
		expect(readLimit(fieldsContext({ returnAll: true, limit: 0 }), ITEM)).toBe(Infinity);
		expect(readLimit(fieldsContext({ returnAll: false, limit: 7 }), ITEM)).toBe(7);
		expect(readLimit(fieldsContext({}), ITEM)).toBe(50);
		expectRejection(() => readLimit(fieldsContext({ limit: 0 }), ITEM), "'Limit'");
	});

	it('reads the options of the requests, bounded and with defaults', () => {
		const options = (given?: object) =>
			readRequestOptions(fieldsContext(given ? { options: given } : {}), ITEM);
		expect(options()).toEqual({ maxConcurrency: 100, timeoutMs: 30_000 });
		expect(options({ maxConcurrency: 3, timeout: 500 })).toEqual({ maxConcurrency: 3, timeoutMs: 500 });
		expect(options({ maxConcurrency: 10_000 }).maxConcurrency).toBe(200);
		expectRejection(() => options({ maxConcurrency: 0 }), "'Max Concurrency'");
		expectRejection(() => options({ timeout: 'soon' }), "'Timeout'");
		expect(options({ timeout: 2_147_483_647 }).timeoutMs).toBe(2_147_483_647);
		expectRejection(
			() => options({ timeout: 2_147_483_648 }),
			"'Timeout' must be a number from 1 to 2,147,483,647",
		);
	});

	it.each([
		[1, 'minutes', 60_000],
		[0.5, 'hours', 1_800_000],
		['2', 'days', 172_800_000],
		[3_650, 'days', 315_360_000_000],
	])('reads a wait of %j %s', (maxWait, maxWaitUnit, ms) => {
		expect(readMaxWaitMs(fieldsContext({ maxWait, maxWaitUnit }), ITEM)).toBe(ms);
	});

	it('reads a wait without a limit, whatever the other fields hold', () => {
		expect(readMaxWaitMs(fieldsContext({ limitWaitTime: false, maxWait: 0 }), ITEM)).toBe(Infinity);
		expect(readMaxWaitMs(fieldsContext({ limitWaitTime: true }), ITEM)).toBe(3_600_000);
	});

	it.each([
		[0, 'hours'],
		[-1, 'hours'],
		['x', 'hours'],
		[1, 'weeks'],
		[1, 'toString'],
		[Infinity, 'days'],
		[3_650.1, 'days'],
	])('refuses a wait of %j %s', (maxWait, maxWaitUnit) => {
		expectRejection(() => readMaxWaitMs(fieldsContext({ maxWait, maxWaitUnit }), ITEM), "'Max Wait'");
	});
});
