import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { EVENT_PREFIX, SESSION_EVENTS } from '../../../nodes/VideoSdkAgentCloud/events/event';
import {
	readDeploymentId,
	readList,
	readLocator,
	readOptional,
	readRequired,
} from '../../../nodes/VideoSdkAgentCloud/fields/ids';
import { readEnv, readMetaData } from '../../../nodes/VideoSdkAgentCloud/fields/keyValue';
import { readLimit } from '../../../nodes/VideoSdkAgentCloud/fields/list';
import { readMaxWaitMs } from '../../../nodes/VideoSdkAgentCloud/fields/maxWait';
import { readCount, readRequestOptions } from '../../../nodes/VideoSdkAgentCloud/fields/requestOptions';
import { hasStatus, TERMINAL_STATUSES } from '../../../nodes/VideoSdkAgentCloud/fields/status';
import { EVENT_OPTIONS, readWebhook } from '../../../nodes/VideoSdkAgentCloud/fields/webhook';
import { check, fieldsContext, thrownBy, unicode } from '../support';

const ITEM = 4;

/** Checks that a field is refused in words: what is wrong, where, and what to do. */
function expectRefusal(call: () => unknown, ...words: string[]): void {
	const error = thrownBy(call) as NodeOperationError;
	expect(error).toBeInstanceOf(NodeOperationError);
	for (const word of words) expect(error.message).toContain(word);
	expect(error.message).toContain(`[item ${ITEM}]`);
	expect(error.context.itemIndex).toBe(ITEM);
	expect(String(error.description)).not.toBe('');
}

interface Group {
	name: string;
	read: typeof readEnv;
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
		expectRefusal(() => readPairs([{ [keyName]: 'A', value: 'x' }, pair]), `Entry 2 of "${name}"`);
	});

	it('are refused if a name is given twice, naming it', () => {
		for (const key of ['A', '__proto__', 'toString']) {
			expectRefusal(
				() =>
					readPairs([
						{ [keyName]: key, value: 'x' },
						{ [keyName]: 'B', value: 'x' },
						{ [keyName]: ` ${key} `, value: 'x' },
					]),
				`"${key}" is given twice`,
				name,
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
			expectRefusal(() => readJson(text), `"${name} (JSON)" is not valid JSON`);
		},
	);

	it.each(['[]', '[{"a":1}]', 'null', '5', '"text"', 'true', null, undefined, 5, true, [], ['a']])(
		'are refused if the JSON is no object: %j',
		(value) => {
			expectRefusal(() => readJson(value), `"${name} (JSON)" is not a JSON object`);
		},
	);

	it.each(['{"":1}', '{" ":1}', { '': 1 }, { A: 1, '\t': 2 }])(
		'are refused if the JSON holds no name: %j',
		(value) => {
			expectRefusal(() => readJson(value), `"${name} (JSON)" holds an entry without a name`);
		},
	);

	it.each([
		['{"A":"x","B":"y","A":"z"}', 'A'],
		['{"A":1, "\\u0041" : 2}', 'A'],
		['{"a":{"b":[{"c":1},{"c":1,"d":"}","c":2}]}}', 'c'],
		['{"__proto__":1,"__proto__":1}', '__proto__'],
		['{"\\"":"\\"","\\"":1}', '"'],
	])('are refused if the JSON holds a name twice, naming it: %s', (json, key) => {
		expectRefusal(() => readJson(json), `"${key}" is given twice`, name);
	});

	it('are read from any JSON text that holds no name twice', () => {
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

	it('turns values of pairs that an expression made into text', () => {
		const variables = [
			{ name: 'A', value: 5 },
			{ name: 'B', value: { c: 1 } },
			{ name: 'C', value: true },
		];
		expect(readEnv(fieldsContext({ env: { variables } }), ITEM)).toEqual({ A: '5', B: '{"c":1}', C: 'true' });
	});
});

describe('readMetaData', () => {
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

	it.each(['', ' \n', null, undefined])('sends no webhook if the URL is %j', (url) => {
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
		...['https://n8n example.com', 'https://n8n.example.com:99999/', 'ws://n8n.example.com', 5, {}],
	])('refuses %j', (url) => {
		expectRefusal(() => read(url), '"Webhook URL" is not an absolute http or https URL');
	});

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
		expectRefusal(
			() =>
				readWebhook(fieldsContext({ webhookUrl: 'https://n8n.example.com/x', webhookEvents: chosen }), ITEM),
			'"Webhook Events" is empty',
		);
	});

	it.each(['agent-session-started', '*', 'ai-deployment-session-*', 'started', 5])(
		'refuses the event %j',
		(event) => {
			expectRefusal(
				() => read('https://n8n.example.com/x', [...events, event]),
				`"Webhook Events" holds "${event}"`,
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

describe('readRequired', () => {
	const read = (value: unknown) =>
		readRequired(fieldsContext({ sessionId: value }), 'sessionId', 'Session ID', ITEM);

	it.each([
		['6f1c', '6f1c'],
		[' 6f1c\n', '6f1c'],
		['a/b?c#d é', 'a/b?c#d é'],
		[5, '5'],
		[0, '0'],
	])('reads %j', (value, text) => {
		expect(read(value)).toBe(text);
	});

	it.each(['', ' ', '\n\t\u00a0', null, undefined, {}, [], { value: 'x' }])('refuses %j', (value) => {
		expectRefusal(() => read(value), '"Session ID" is empty');
	});

	it('names the deployment as the user reads it', () => {
		expectRefusal(
			() => readDeploymentId(fieldsContext({ deploymentId: ' ' }), ITEM),
			'"Deployment" is empty',
		);
	});
});

describe('readOptional, readLocator and readList', () => {
	it.each([
		['v1', 'v1'],
		[' v1 ', 'v1'],
		[1, '1'],
		['', undefined],
		[' ', undefined],
		[null, undefined],
		[undefined, undefined],
	])('readOptional reads %j', (value, text) => {
		expect(readOptional(fieldsContext({ tag: value }), 'tag', 'Tag', ITEM)).toBe(text);
	});

	it.each([[{}], [{ a: 1 }], [['v1']]])('readOptional refuses %j', (value) => {
		expect(() => readOptional(fieldsContext({ tag: value }), 'tag', 'Tag', ITEM)).toThrow(
			'"Tag" is not a text',
		);
	});

	it.each([
		['ddv_1', 'ddv_1'],
		[{ __rl: true, mode: 'id', value: ' ddv_1 ' }, 'ddv_1'],
		[{ value: 5 }, '5'],
		[{ value: null }, ''],
		[{}, ''],
		[null, ''],
		[undefined, ''],
	])('readLocator reads %j', (value, text) => {
		expect(readLocator(value)).toBe(text);
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
			expectRefusal(() => read(value), '"Limit" must be a number of at least 1');
		},
	);

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

	it('reads no limit where all are wanted', () => {
		expect(readLimit(fieldsContext({ returnAll: true, limit: 0 }), ITEM)).toBe(Infinity);
		expect(readLimit(fieldsContext({ returnAll: false, limit: 7 }), ITEM)).toBe(7);
		expect(readLimit(fieldsContext({}), ITEM)).toBe(50);
		expectRefusal(() => readLimit(fieldsContext({ limit: 0 }), ITEM), '"Limit"');
	});

	it('reads the options of the requests, bounded and with defaults', () => {
		const options = (given?: object) =>
			readRequestOptions(fieldsContext(given ? { options: given } : {}), ITEM);
		expect(options()).toEqual({ maxConcurrency: 100, timeoutMs: 30_000 });
		expect(options({ maxConcurrency: 3, timeout: 500 })).toEqual({ maxConcurrency: 3, timeoutMs: 500 });
		expect(options({ maxConcurrency: 10_000 }).maxConcurrency).toBe(200);
		expectRefusal(() => options({ maxConcurrency: 0 }), '"Max Concurrency"');
		expectRefusal(() => options({ timeout: 'soon' }), '"Timeout"');
	});

	it.each([
		[1, 'minutes', 60_000],
		[0.5, 'hours', 1_800_000],
		['2', 'days', 172_800_000],
	])('reads a wait of %j %s', (maxWait, maxWaitUnit, ms) => {
		expect(readMaxWaitMs(fieldsContext({ maxWait, maxWaitUnit }), ITEM)).toBe(ms);
	});

	it.each([
		[0, 'hours'],
		[-1, 'hours'],
		['x', 'hours'],
		[1, 'weeks'],
		[1, 'toString'],
		[Infinity, 'days'],
	])('refuses a wait of %j %s', (maxWait, maxWaitUnit) => {
		expectRefusal(() => readMaxWaitMs(fieldsContext({ maxWait, maxWaitUnit }), ITEM), '"Max Wait"');
	});
});

describe('hasStatus', () => {
	it.each([
		['completed', true],
		['COMPLETED', true],
		['Stopped', true],
		['failed', true],
		['running', false],
		['queued', false],
		['stopping', false],
		['archived', false],
		['', false],
		[undefined, false],
		[5, false],
	])('knows whether %j is terminal', (status, isTerminal) => {
		expect(hasStatus({ status }, TERMINAL_STATUSES)).toBe(isTerminal);
	});
});
