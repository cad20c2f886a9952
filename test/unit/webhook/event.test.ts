import fc from 'fast-check';
import {
	CALL_EVENTS,
	CALL_SUMMARY,
	EVENT_PREFIX,
	eventName,
	ROOM_EVENTS,
	SESSION_EVENTS,
} from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { happensOnce } from '../../../nodes/VideoSdkAgentCloud/webhook/eventIdentity';
import { parseEvent } from '../../../nodes/VideoSdkAgentCloud/webhook/delivery';
import { check, unicode, utf16 } from '../support';

const parseJson = (body: unknown) => parseEvent(Buffer.from(JSON.stringify(body)));
const parseText = (text: string) => parseEvent(Buffer.from(text));

const CALL = { callId: 'call-1', roomId: 'abcd', sessionId: 'room-session', status: 'answered', to: '+1' };
const SUMMARY = {
	'call-summary': { wantsDemo: true, name: 'Ada' },
	'customer-data': { callId: 'call-1', sipCallTo: '+1', customerId: '4711' },
	'room-data': { agentId: 'ag_1', 'meeting-id': 'abcd', 'session-id': 'room-session' },
};
/** What comes out of both. */
const IDS = { sessionId: 'room-session', callId: 'call-1', roomId: 'abcd' };
const eventId = expect.stringMatching(/^[0-9a-f]{32}$/) as string;

/** What may be where JSON is expected. */
const anyBody = fc.oneof(
	fc.json({ maxDepth: 4 }),
	unicode(0, 200),
	utf16(200),
	fc.record({ webhookType: unicode(), data: fc.jsonValue() }).map((body) => JSON.stringify(body)),
	fc
		.array(
			fc.tuple(fc.constantFrom('webhookType', 'type', 'data', '__proto__', 'x'), fc.json({ maxDepth: 2 })),
		)
		.map((members) => `{${members.map(([key, json]) => `"${key}":${json}`).join(',')}}`),
);

describe('parseEvent', () => {
	it.each([...CALL_EVENTS, ...ROOM_EVENTS, 'of-the-future'])(
		'reads %s, with the IDs at the top',
		(webhookType) => {
			const body = { webhookType, data: CALL };
			expect(parseJson(body)).toEqual({ event: webhookType, webhookType, ...IDS, data: CALL, eventId });
		},
	);

	it.each(SESSION_EVENTS)('reads both spellings of %s', (event) => {
		for (const webhookType of [`${EVENT_PREFIX}${event}`, `agent-session-${event}`]) {
			expect(parseJson({ webhookType, data: { sessionId: 's' } })).toMatchObject({ event, webhookType });
		}
	});

	it.each([
		[{ type: 'agent-session-failed' }, 'agent-session-failed'],
		[{ webhookType: '', type: 'agent-session-failed' }, 'agent-session-failed'],
		[{ webhookType: null, type: 'agent-session-failed' }, 'agent-session-failed'],
		[{ webhookType: 7, type: 'agent-session-failed' }, 'agent-session-failed'],
		[{ webhookType: 'agent-session-started', type: 'agent-session-failed' }, 'agent-session-started'],
	])('names the type of %j', (body, webhookType) => {
		expect(parseJson(body)?.webhookType).toBe(webhookType);
	});

	it.each([undefined, null, 'text', 5, true, [], [{ sessionId: 's' }]])(
		'takes data that is %j as none',
		(data) => {
			expect(parseJson({ webhookType: 'agent-session-started', data })).toMatchObject({
				event: 'started',
				sessionId: '',
				data: {},
			});
		},
	);

	it.each([0.5, null, {}, ['s'], true, '', '  ', 'session-'])(
		'takes a sessionId that is %j as none',
		(sessionId) => {
			expect(parseJson({ webhookType: 'agent-session-started', data: { sessionId } })?.sessionId).toBe('');
		},
	);

	it.each([
		...[
			'',
			' ',
			'null',
			'5',
			'"agent-session-started"',
			'true',
			'[]',
			'{}',
			'{',
			'{"data":{}}',
			'{"webhookType":5}',
		],
		'[{"webhookType":"agent-session-started"}]',
		'\ufeff{"webhookType":"agent-session-started"}',
		"{'webhookType':'agent-session-started'}",
		'webhookType=agent-session-started',
		'{"webhookType":"agent-session-started"}{"webhookType":"agent-session-started"}',
		'{"__proto__":{"webhookType":"agent-session-started"}}',
		'{"constructor":{"prototype":{"webhookType":"agent-session-started"}}}',
	])('finds no event in %j', (text) => {
		expect(parseText(text)).toBeUndefined();
	});

	it('takes prototype keys as plain data, and changes no prototype', () => {
		const event = parseText(
			'{"webhookType":"agent-session-started","__proto__":{"polluted":1},"data":{"sessionId":"s","__proto__":{"sessionId":"t","polluted":1},"constructor":{"prototype":{"polluted":1}}}}',
		);
		expect(event).toMatchObject({ event: 'started', sessionId: 's' });
		expect(Object.keys(event?.data ?? {})).toEqual(['sessionId', '__proto__', 'constructor']);
		expect(({} as Record<string, unknown>).polluted).toBeUndefined();
		expect(
			parseText('{"webhookType":"agent-session-started","data":{"__proto__":{"sessionId":"s"}}}')?.sessionId,
		).toBe('');
	});

	it('reads the last one of duplicate keys, for the event and its identity alike', () => {
		const event = parseText(
			'{"webhookType":"agent-session-failed","webhookType":"agent-session-started","data":{"sessionId":"a","sessionId":"b"}}',
		);
		expect(event).toMatchObject({ event: 'started', sessionId: 'b', webhookType: 'agent-session-started' });
		expect(event?.eventId).toBe(
			parseJson({ type: 'agent-session-started', data: { sessionId: 'b' } })?.eventId,
		);
	});

	it.each([
		['lists', '['.repeat(200_000) + ']'.repeat(200_000)],
		['objects', '{"a":'.repeat(200_000) + '1' + '}'.repeat(200_000)],
		['lists without an end', '['.repeat(1_000_000)],
	])('does not stumble over deep JSON: %s', (_name, deep) => {
		expect(() =>
			parseText(`{"webhookType":"agent-session-started","data":{"sessionId":"s","deep":${deep}}}`),
		).not.toThrow();
		expect(() => parseText(deep)).not.toThrow();
	});

	it('never throws, and names an event only if the body does', () => {
		let events = 0;
		check(
			fc.property(
				fc.oneof(
					anyBody.map((text) => Buffer.from(text)),
					fc.uint8Array({ maxLength: 200 }),
				),
				(bytes) => {
					const event = parseEvent(Buffer.from(bytes));
					if (event === undefined) return;
					events++;
					expect(event.webhookType).not.toBe('');
					expect(event.eventId).toMatch(/^[0-9a-f]{32}$/);
					expect(typeof event.data === 'object' && event.data !== null && !Array.isArray(event.data)).toBe(
						true,
					);
				},
			),
			2_000,
		);
		expect(events).toBeGreaterThan(20);
	});
});

describe('A call', () => {
	it.each([
		[
			{ webhookType: 'call-ended', data: CALL },
			{ event: 'call-hangup', webhookType: 'call-ended', ...IDS },
		],
		[{ webhookType: 'call-answered', data: { id: 'call-1' } }, { callId: 'call-1' }],
		[
			{ webhookType: 'call-hangup', data: { callId: 4711, sessionId: 0 } },
			{ callId: '4711', sessionId: '0' },
		],
		[{ webhookType: 'session-ended', data: { meetingId: 'abcd' } }, { roomId: 'abcd' }],
	])('may be named otherwise: %j', (body, names) => expect(parseJson(body)).toMatchObject(names));

	it.each([
		{ webhookType: 'call-answered', data: { callId: '  ', roomId: [] } },
		{ webhookType: 'participant-joined', data: { id: 'recording-1' } },
		{ 'call-summary': 'text', 'customer-data': [1], 'room-data': null },
	])('may be missing: %j', (body) => {
		const event = parseJson(body);
		expect(event).toMatchObject({ sessionId: '' });
		expect(event).not.toHaveProperty('callId');
		expect(event).not.toHaveProperty('roomId');
	});
});

describe('A call summary', () => {
	it.each<[string, object]>([
		['no type', SUMMARY],
		['its own', { ...SUMMARY, webhookType: 'call-summary' }],
		['its own as type', { ...SUMMARY, type: 'call-summary' }],
		['an unknown one', { ...SUMMARY, type: 'post-call' }],
		['its own, with the rest in data', { webhookType: 'call-summary', data: SUMMARY }],
	])('is read from a body with %s', (_which, body) => {
		expect(parseJson(body)).toMatchObject({ event: CALL_SUMMARY, webhookType: CALL_SUMMARY, ...IDS });
		expect(parseJson(body)?.data).toMatchObject({ 'call-summary': SUMMARY['call-summary'] });
	});

	it('is not one if it names the type of another event', () => {
		expect(parseJson({ ...SUMMARY, webhookType: 'call-hangup' })?.event).toBe('call-hangup');
	});

	it.each(['{"data":{"call-summary":{}}}', '{"__proto__":{"call-summary":{}}}', '["call-summary"]'])(
		'is not found in %s',
		(text) => expect(parseText(text)).toBeUndefined(),
	);
});

describe('eventName', () => {
	it.each([
		['call-ended', 'call-hangup'],
		['ai-deployment-session-started', 'started'],
		['agent-session-started', 'started'],
		['session-started', 'session-started'],
		['started', undefined],
		['call-', undefined],
		['toString', undefined],
		['CALL-HANGUP', undefined],
		['recording-*', undefined],
	])('of %s is %s', (webhookType, name) => expect(eventName(webhookType)).toBe(name));
});

/** One of the ways in which the same event may be delivered. */
interface Spelling {
	before: string;
	after: string;
	family: string;
	idPrefix: string;
	typeField: string;
	more: object;
	indent: number;
}

describe('eventId', () => {
	const NAMES = [...SESSION_EVENTS.map((event) => `session ${event}`), ...CALL_EVENTS, ...ROOM_EVENTS];
	/** Their ID and name is all that tells them apart. */
	const isOnce = (name: string) => happensOnce({ webhookType: name.replace('session ', EVENT_PREFIX) });
	const id = fc
		.oneof(fc.uuid(), fc.string({ minLength: 1 }), unicode(1))
		.map((text) => text.trim())
		.filter((text) => text !== '' && !text.startsWith('session-'));
	const name = fc.constantFrom(...NAMES);
	const space = fc.constantFrom('', ' ', '\n', '\t ');
	const spelling: fc.Arbitrary<Spelling> = fc.record({
		before: space,
		after: space,
		family: fc.constantFrom(EVENT_PREFIX, 'agent-session-'),
		idPrefix: fc.constantFrom('', 'session-'),
		typeField: fc.constantFrom('webhookType', 'type'),
		more: fc.dictionary(
			fc.string().map((key) => `x${key}`),
			fc.jsonValue(),
		),
		indent: fc.constantFrom(0, 2),
	});

	/** Delivers an event in one of many spellings. */
	function eventIdOf(ofId: string, event: string, as: Spelling): string | undefined {
		const sessionId = `${as.before}${as.idPrefix}${ofId}${as.after}`;
		const callId = `${as.before}${ofId}${as.after}`;
		const data = { ...as.more, ...(event.startsWith('call') ? { callId } : { sessionId }) };
		const body = { [as.typeField]: event.replace('session ', as.family), data };
		return parseEvent(Buffer.from(JSON.stringify(body, null, as.indent)))?.eventId;
	}

	it('of an event that happens once is the same however it is spelled', () => {
		check(
			fc.property(id, name.filter(isOnce), spelling, spelling, (ofId, event, one, other) => {
				expect(eventIdOf(ofId, event, one)).toMatch(/^[0-9a-f]{32}$/);
				expect(eventIdOf(ofId, event, one)).toBe(eventIdOf(ofId, event, other));
			}),
			1_000,
		);
	});

	it('is another one for another event, session or call', () => {
		check(
			fc.property(
				fc.tuple(id, name),
				fc.tuple(id, name),
				spelling,
				([one, event], [other, otherEvent], as) => {
					fc.pre(one !== other || event !== otherEvent);
					expect(eventIdOf(one, event, as)).not.toBe(eventIdOf(other, otherEvent, as));
				},
			),
			1_000,
		);
	});

	it('of one that may happen again, of a summary and of one without an ID is that of its content, in whatever order', () => {
		const shuffled = (value: unknown): unknown => {
			if (Array.isArray(value)) return value.map(shuffled);
			if (typeof value !== 'object' || value === null) return value;
			const entries = Object.entries(value).map(([key, member]) => [key, shuffled(member)] as const);
			return Object.fromEntries(entries.reverse());
		};
		const content = fc.dictionary(
			unicode(1).map((key) => `x${key}`),
			fc.jsonValue(),
		);
		const body = fc.oneof(
			fc
				.tuple(name, content)
				.map(([event, data]) => ({ webhookType: event.replace('session ', EVENT_PREFIX), data })),
			content.map((summary) => ({ [CALL_SUMMARY]: summary })),
		);
		check(
			fc.property(body, fc.string(), fc.constantFrom(0, 2), (one, more, indent) => {
				const idOf = (value: unknown) => parseText(JSON.stringify(value, null, indent))?.eventId;
				expect(idOf(shuffled(one))).toBe(idOf(one));
				expect(idOf({ ...one, sentAt: more })).not.toBe(idOf(one));
			}),
			1_000,
		);
	});

	it('is there for deep and huge bodies, too', () => {
		const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
		for (const event of ['call-update', 'participant-joined']) {
			expect(parseText(`{"webhookType":"${event}","data":{"deep":${deep}}}`)?.eventId).toEqual(eventId);
		}
		expect(parseJson({ webhookType: 'call-update', data: { x: 'x'.repeat(1_000_000) } })?.eventId).toEqual(
			eventId,
		);
	});
});
