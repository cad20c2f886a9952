import fc from 'fast-check';
import { type IDataObject, type INodeProperties } from 'n8n-workflow';
import { SESSION_EVENT_OPTIONS, EVENT_PREFIX } from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { readRequestOptions } from '../../../nodes/VideoSdkAgentCloud/fields/kit/requestOptions';
import { type Field } from '../../../nodes/VideoSdkAgentCloud/fields/kit/field';
import { sessionField } from '../../../nodes/VideoSdkAgentCloud/fields/kit/locators';
import { readMaxWaitMs } from '../../../nodes/VideoSdkAgentCloud/fields/maxWait';
import { ItemReader, RunParameters } from '../../../nodes/VideoSdkAgentCloud/fields/kit/reader';
import { asList, asNumber } from '../../../nodes/VideoSdkAgentCloud/fields/kit/values';
import { readWebhook } from '../../../nodes/VideoSdkAgentCloud/fields/triggers/webhook';
import { readDateMs, readLimit } from '../../../nodes/VideoSdkAgentCloud/fields/kit/filters';
import { readRoomId, roomIdField } from '../../../nodes/VideoSdkAgentCloud/fields/room';
import { check, checkTimes, fieldsContext, unicode } from '../support';
import { expectRejection, ITEM, reader } from './reader';

/** What holds a text: a field, a locator, or a plain text in the place of one. */
const holders = (value: unknown) => [value, { __rl: true, mode: 'list', value }, { mode: 'id', value }];

const field = (displayName: string, name: string, more: Partial<Field<'default'>>): Field<'default'> => ({
	blank: 'default',
	displayName,
	name,
	type: 'string',
	default: '',
	...more,
});
const text = field('Session ID', 'id', {});
const count = field('Tries', 'tries', {
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 1_000 },
	default: 7,
});
const flag = field('Own Room', 'record', { type: 'boolean', default: true });
const options_ = ['room', 'id'].map((value) => ({ name: value, value }));
const choice = field('Get By', 'getBy', { type: 'options', options: options_, default: 'room' });
/** The same, with another policy. */
const required: Field<'required'> = { ...text, blank: 'required' };
const refused: Field<'refused'> = { ...text, blank: 'refused' };
const options = (values: object) => reader({ options: values }).collection({ name: 'options', default: {} });
/** Reads a field as a parameter, and as an option. */
const both = ({ name }: INodeProperties, value: unknown) => [
	reader({ [name]: value }),
	options({ [name]: value }),
];
const inAnyPlace = (value: unknown) => holders(value).flatMap((holder) => both(text, holder));

describe('A text', () => {
	it('is read trimmed, from a field, a locator or in its place; blanks and nothing are none', () => {
		const value = fc.oneof(
			unicode().filter((one) => !one.includes('{{')),
			...[fc.integer(), fc.boolean(), fc.constantFrom('', ' ', '\n\t\u00a0', null, undefined)],
		);
		check([value], (given) => {
			const expected = String(given ?? '').trim() || undefined;
			for (const read of inAnyPlace(given)) {
				expect(read.text(text)).toBe(expected);
				if (expected === undefined) expectRejection(() => read.text(required), "'Session ID' is empty");
				else expect(read.text(required)).toBe(expected);
			}
			for (const sessionId of holders(`x${given}\n`))
				expect(reader({ sessionId }).text(sessionField)).toBe(`x${given}`.trim());
		});
		expectRejection(() => reader({ sessionId: ' ' }).text(sessionField), "'Session' is empty");
	});

	it.each([[{}], [[]], [{ value: 'x' }], [{ mode: 'id' }], [['x']], [new Date(0)], [''.search]])(
		'%p is none',
		(value) => {
			for (const read of inAnyPlace(value)) expectRejection(() => read.text(text), "'Session ID' isn't text");
		},
	);

	it('that is missing has the default, and a locator without a value is empty', () => {
		expect(reader({}).text({ ...required, default: 'x' })).toBe('x');
		expect(reader({ id: { __rl: true, mode: 'list' } }).text(text)).toBeUndefined();
	});

	it('is read as a list', () => {
		expect(asList('a, b ,,c')).toEqual(['a', 'b', 'c']);
		expect(asList([' a, b', 5, '', ' '])).toEqual(['a, b', '5']);
		for (const none of ['', null, undefined]) expect(asList(none)).toEqual([]);
	});
});

describe('A number', () => {
	it('within its range is read, without its fraction where one counts, and refused outside', () => {
		const bound = fc.constantFrom(10, 10_000);
		const number = fc.oneof(bound, fc.integer({ min: -20, max: 10_020 })).map((tenths) => tenths / 10);
		check([number, fc.boolean()], (given, isText) => {
			for (const read of both(count, isText ? ` ${given} ` : given)) {
				if (given >= 1 && given <= 1_000) {
					expect([read.number(count), read.count(count)]).toEqual([given, Math.floor(given)]);
				} else expectRejection(() => read.count(count), "'Tries' must be a number from 1 to 1,000");
			}
		});
		const free = { ...count, typeOptions: { minValue: 0 } };
		expect(reader({ tries: 1e6 }).count(free)).toBe(1_000_000);
		expectRejection(() => reader({ tries: -1 }).count(free), "'Tries' must be a number (0 or more)");
		expect(reader({ tries: 1 }).count({ ...count, typeOptions: undefined })).toBe(1);
	});

	it('is a number or the text of one', () => {
		checkTimes(1_000)([fc.anything()], (value) => {
			const number = asNumber(value);
			if (typeof value === 'number') expect(number).toBe(value);
			else if (typeof value !== 'string') expect(number).toBeNaN();
			else if (!Number.isNaN(number)) expect(number).toBe(Number(value));
		});
		expect([' 5 ', '+1e2', '1E2', '.5e1', '5.'].map(asNumber)).toEqual([5, 100, 100, 5, 5]);
		for (const none of ['many', '5x', '0x10', '', ' ', 'Infinity']) expect(asNumber(none)).toBeNaN();
	});

	it('is nothing else', () => {
		for (const value of [NaN, Infinity, [], {}, true, [600], ['5'], new Date(5), 5n]) {
			for (const read of both(count, value)) expectRejection(() => read.count(count), "'Tries' must be");
		}
	});
});

it('A switch is what a table gives, too, and nothing else', () => {
	for (const value of [true, ' TRUE ', false, 'false']) {
		const expected = String(value).trim().toLowerCase() === 'true';
		for (const read of both(flag, value)) expect(read.flag(flag)).toBe(expected);
	}
	for (const value of [1, 'yes', {}, [true]]) {
		for (const read of both(flag, value)) expectRejection(() => read.flag(flag), "'Own Room'");
	}
});

it('A choice is one of the options, and so are choices', () => {
	expect(reader({ getBy: ' ID ' }).choice(choice)).toBe('id');
	expectRejection(() => reader({ getBy: 'name' }).choice(choice), "'Get By' is 'name', which isn't one of");
	// n8n keeps the fields that depend on it only if it is spelled as it is.
	const exact = { ...choice, noDataExpression: true };
	expectRejection(() => reader({ getBy: 'ID' }).choice(exact), "'Get By' is 'ID'");
	expect(reader({ getBy: 'Id, room' }).choices(choice)).toEqual(['id', 'room']);
	expectRejection(() => reader({ getBy: ['id', 'x'] }).choices(choice), "'Get By' contains 'x'");
});

it('Without a value, a parameter has its default, and an option, too, also if it was not added', () => {
	for (const value of ['', ' ', null, undefined]) {
		expect(both(count, value).map((read) => read.count(count))).toEqual([7, 7]);
		for (const one of [flag, { ...flag, default: false }])
			expect(both(one, value).map((read) => read.flag(one))).toEqual([one.default, one.default]);
		expect(both(choice, value).map((read) => read.choice(choice))).toEqual(['room', 'room']);
	}
	for (const read of [options({}), reader({})])
		expect([read.count(count), read.flag(flag), read.choice(choice)]).toEqual([7, true, 'room']);
});

it('An expression that was typed into a fixed text, ID or number is told how to become one', () => {
	const typed = ' x {{\nname }}';
	const locator: Field<'default'> = { ...text, type: 'resourceLocator' };
	for (const read of [required, refused, locator].map((one) => (of: ItemReader) => of.text(one))) {
		for (const holder of holders(typed)) {
			const message = "'Session ID' contains an expression, but is set to Fixed";
			expectRejection(() => read(reader({ id: holder })), message);
		}
		const evaluated = fieldsContext({ id: `=${typed}` });
		evaluated.getNodeParameter = () => typed as never;
		expect(read(new ItemReader(evaluated, ITEM))).toBe(typed.trim());
	}
	const message = "'Session ID' contains an expression";
	expectRejection(() => reader({ id: 'x {{ $json.id }}' }).text(text), message);
	expect(reader({ id: typed }).text(text)).toBe(typed.trim());
});

it('A field is read once for all items, unless it, or something in it, is an expression, or its default counts', () => {
	const parameters = {
		fixed: 'a',
		group: { values: [{ id: 'a' }] },
		each: '={{ $json.id }}',
		within: { values: [{ id: '=1' }] },
	};
	const context = fieldsContext(parameters);
	const { getNodeParameter } = context;
	const reads: string[] = [];
	context.getNodeParameter = ((name: string, itemIndex: number, fallback: unknown) => {
		reads.push(`${name} ${itemIndex}`);
		return getNodeParameter(name, itemIndex, fallback);
	}) as never;
	const shared = new RunParameters(context);
	for (const itemIndex of [0, 1]) {
		const read = new ItemReader(context, itemIndex, shared);
		for (const name of [...Object.keys(parameters), 'missing']) {
			expect(read.raw({ name, default: 7 })).toEqual(name === 'missing' ? 7 : parameters[name as 'fixed']);
		}
	}
	expect(reads).toEqual([
		'fixed 0',
		'group 0',
		'each 0',
		'within 0',
		'missing 0',
		'each 1',
		'within 1',
		'missing 1',
	]);
});

it.each([
	...['', ' ', 'a=b', '={{ $fromAI("From") }}'].map((entered): [string, boolean] => [entered, false]),
	['={{ $json.from }}', true],
])('An optional field that was entered as %j and has no value: refused is %j', (entered, isRefused) => {
	for (const [index, holder] of holders(entered).entries()) {
		const context = fieldsContext({ id: holder });
		context.getNodeParameter = () => [undefined, null][index] as never;
		const read = new ItemReader(context, ITEM);
		const given = [() => read.text(refused), () => read.list(refused), () => read.group(refused)];
		if (!isRefused) expect(given.map((call) => call())).toEqual([undefined, [], {}]);
		else for (const call of given) expectRejection(call, "'Session ID' is empty");
		context.getNodeParameter = () => ({ a: 1 }) as never;
		expect(new ItemReader(context, ITEM).group(refused)).toEqual({ a: 1 });
	}
});

it.each([
	['Asia/Tokyo', 15],
	['America/New_York', 29],
])('A date without a time zone of its own is in that of the workflow: %s', (timeZone, hours) => {
	const read = options({ id: '2026-01-15' });
	Object.assign(read.context, { getTimezone: () => timeZone });
	expect(readDateMs(read, refused, 'exact')).toBe(Date.UTC(2026, 0, 14, hours));
});

it('No limit is read where all are wanted', () => {
	expect(readLimit(reader({ returnAll: true, limit: 0 }))).toBe(Infinity);
	expect(readLimit(reader({ returnAll: false, limit: 7 }))).toBe(7);
	expect(readLimit(reader({}))).toBe(50);
});

describe('The options of the requests', () => {
	const read = (given: object) => readRequestOptions(reader({ options: given }));

	it('are bounded and have defaults', () => {
		expect(readRequestOptions(reader({}))).toEqual({
			maxConcurrency: 100,
			timeoutMs: 30_000,
			isDryRun: false,
		});
		expect(read({ maxConcurrency: 3, timeout: 500, dryRun: true })).toEqual({
			maxConcurrency: 3,
			timeoutMs: 500,
			isDryRun: true,
		});
		expect(read({ maxConcurrency: 10_000 }).maxConcurrency).toBe(200);
		expect(readRequestOptions(reader({ options: { maxConcurrency: '' } }), 5).maxConcurrency).toBe(5);
		const message = "'Timeout' must be a number from 100 to 2,147,483,647";
		for (const timeout of [99, 2_147_483_648]) expectRejection(() => read({ timeout }), message);
	});
});

it.each<[maxWait: unknown, unit: string, ms: number | null]>([
	[1, 'minutes', 60_000],
	[0.5, 'hours', 1_800_000],
	['2', 'days', 172_800_000],
	[30, 'days', 2_592_000_000],
	[720, 'hours', 2_592_000_000],
	['', 'hours', 3_600_000],
	[null, '', 3_600_000],
	...[0, -1, 'x', true, [1]].map((none): [unknown, string, null] => [none, 'hours', null]),
	...['weeks', 'toString'].map((unit): [unknown, string, null] => [1, unit, null]),
	...[Infinity, 30.000001].map((tooLong): [unknown, string, null] => [tooLong, 'days', null]),
])('A wait of %j %s is %j ms', (maxWait, maxWaitUnit, ms) => {
	const read = () => readMaxWaitMs(reader({ maxWait, maxWaitUnit }));
	if (ms === null) expectRejection(read, "'Max Wait");
	else expect(read()).toBe(ms);
});

it('The ID of a room is one of VideoSDK or of the user, and not the record of the room', () => {
	const read = (roomId: unknown, item?: IDataObject) => readRoomId(reader({ roomId }, item), roomIdField);
	for (const id of ['abcd-efgh-ijkl', ' order_47.11:a@b \n', 4711, 'nullable', 'x'.repeat(128)])
		expect(read(id)).toBe(String(id).trim());
	for (const none of [
		'my room',
		'https://app.videosdk.live/abcd-efgh-ijkl',
		'[object Object]',
		'../rooms',
		'a?b',
		'undefined',
		'null',
		'"abcd"',
		'x'.repeat(129),
	])
		expectRejection(() => read(none), "'Room ID' isn't a room ID");
	const message = "'Room ID' is the room's 'id', not its 'roomId'";
	expectRejection(() => read('65f1', { id: '65f1', roomId: 'abcd' }), message);
	expect(read('65f1', { id: '65f1' })).toBe('65f1');
	for (const id of ['abcd', '65f1']) expect(read('abcd', { id, roomId: 'abcd' })).toBe('abcd');
});

describe('A webhook', () => {
	const events = [`${EVENT_PREFIX}started`, `${EVENT_PREFIX}failed`];
	const read = (webhookUrl: unknown, webhookEvents: unknown = events) =>
		readWebhook(reader({ webhookUrl, webhookEvents }), SESSION_EVENT_OPTIONS);
	const URL_ = 'https://n8n.example.com/webhook/6f1c/webhook';

	it('is not sent if the URL is blank, and otherwise goes to it as it is', () => {
		for (const blank of ['', ' \n', null, undefined]) {
			for (const url of holders(blank)) expect([read(url), read(url, [])]).toEqual([undefined, undefined]);
		}
		for (const url of [
			URL_,
			'http://127.0.0.1:5678/webhook/x/webhook?a=1',
			URL_.replace('https', 'HTTPS'),
			'https://user:secret@n8n.example.com/x',
		]) {
			for (const one of [url, ...holders(`  ${url}\n`)]) expect(read(one)).toEqual({ endPoint: url, events });
		}
	});

	const NO_URL = "'Webhook URL' must be a URL that starts with https:// or http://";
	it.each<[message: string, ...urls: unknown[]]>([
		[NO_URL, 'n8n.example.com/webhook', '/webhook/x', '//n8n.example.com/x', 'https:', 'https://', 5],
		[NO_URL, 'https:/n8n.example.com', 'a:https://b', 'javascript:alert(1)', 'https://n8n example.com'],
		["'Webhook URL' isn't text", { mode: 'url', value: {} }, [URL_]],
	])('is refused: %s, %j', (message, ...urls) => {
		for (const url of urls) expectRejection(() => read(url), message);
	});

	it('is refused without events, and with one that is none of a session', () => {
		for (const none of [[], '', null]) expectRejection(() => read(URL_, none), "'Webhook Events' is empty");
		for (const event of ['agent-session-started', '*', 'ai-deployment-session-*', 'started', '5'])
			expectRejection(() => read(URL_, [...events, event]), `'Webhook Events' contains '${event}'`);
	});
});
