import fc from 'fast-check';
import { callEventsOf, eventName, EVENT_PREFIX } from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { happensOnce } from '../../../nodes/VideoSdkAgentCloud/webhook/eventIdentity';
import { parseEvent } from '../../../nodes/VideoSdkAgentCloud/webhook/delivery';
import { check, unicode, utf16 } from '../support';

const parseJson = (body: unknown) => parseEvent(Buffer.from(JSON.stringify(body)));
const parseText = (text: string) => parseEvent(Buffer.from(text));

/** The events of VideoSDK's docs by what happens to them: once per session or call, or again and again. */
const OF_SESSION = ['starting', 'started', 'stopping', 'stopped', 'failed'];
const ONCE_PER_CALL = ['call-started', 'call-ringing', 'call-answered', 'call-hangup', 'call-missed'];
const ONCE_PER_ROOM_SESSION = ['session-started', 'session-ended'];
const AGAIN = [
	...['call-transferred', 'call-update', 'participant-joined', 'participant-left', 'recording-started'],
	...['recording-stopped', 'recording-failed', 'transcription-started', 'transcription-stopped'],
	'transcription-failed',
];
const SPELLINGS = [EVENT_PREFIX, 'agent-session-'];

const CALL = {
	callId: 'call-1',
	name: 'Zoë Müller ☎',
	roomId: 'abcd',
	sessionId: 'room-session',
	status: 'answered',
	to: '+1',
};
const SUMMARY = {
	'call-summary': { wantsDemo: true, name: 'Ada' },
	'customer-data': { callId: 'call-1', sipCallTo: '+1', customerId: '4711' },
	'room-data': { agentId: 'ag_1', 'meeting-id': 'abcd', 'session-id': 'room-session' },
};
/** What both of them name. */
const IDS = { sessionId: 'room-session', callId: 'call-1', roomId: 'abcd' };
const eventId = expect.stringMatching(/^[0-9a-f]{32}$/) as string;

/** What may be where JSON is expected. */
const anyBody = fc.oneof(
	...[fc.json({ maxDepth: 4 }), unicode(0, 200), utf16(200)],
	fc.record({ webhookType: unicode(), data: fc.jsonValue() }).map((body) => JSON.stringify(body)),
	fc
		.array(
			fc.tuple(fc.constantFrom('webhookType', 'type', 'data', '__proto__', 'x'), fc.json({ maxDepth: 2 })),
		)
		.map((members) => `{${members.map(([key, json]) => `"${key}":${json}`).join(',')}}`),
);

describe('parseEvent', () => {
	it.each([...ONCE_PER_CALL, ...ONCE_PER_ROOM_SESSION, ...AGAIN, 'of-the-future'])(
		'reads %s, with the IDs at the top',
		(webhookType) => {
			const body = { webhookType, data: CALL };
			expect(parseJson(body)).toEqual({ event: webhookType, webhookType, ...IDS, data: CALL, eventId });
			expect(eventName(webhookType)).toBe(webhookType === 'of-the-future' ? undefined : webhookType);
			expect(happensOnce(body)).toBe([...ONCE_PER_CALL, ...ONCE_PER_ROOM_SESSION].includes(webhookType));
		},
	);

	it.each(OF_SESSION)('reads both spellings of %s', (event) => {
		for (const webhookType of SPELLINGS.map((family) => family + event)) {
			expect(parseJson({ webhookType, data: { sessionId: 's' } })).toMatchObject({ event, webhookType });
			expect(happensOnce({ webhookType })).toBe(true);
		}
	});

	it.each([
		...['', null, 7, undefined].map((webhookType) => ({ webhookType, type: 'agent-session-failed' })),
		{ webhookType: 'agent-session-failed', type: 'agent-session-started' },
	])('names the type of %j', (body) => expect(parseJson(body)?.webhookType).toBe('agent-session-failed'));

	it.each([undefined, null, 'text', 5, true, [], [{ sessionId: 's' }]])('reads no data in %j', (data) => {
		const none = { event: 'started', sessionId: '', data: {} };
		expect(parseJson({ webhookType: 'agent-session-started', data })).toMatchObject(none);
	});

	it.each([0.5, null, {}, ['s'], true, '', '  ', 'session-'])('reads no sessionId in %j', (sessionId) => {
		expect(parseJson({ webhookType: 'agent-session-started', data: { sessionId } })?.sessionId).toBe('');
	});

	it.each([
		...['', ' ', 'null', '5', '"agent-session-started"', 'true', '[]', '{}', '{', '{"data":{}}'],
		...['{"webhookType":5}', '[{"webhookType":"agent-session-started"}]', '["call-summary"]'],
		...['\ufeff{"webhookType":"agent-session-started"}', "{'webhookType':'agent-session-started'}"],
		'webhookType=agent-session-started',
		'{"webhookType":"agent-session-started"}{"webhookType":"agent-session-started"}',
		'{"__proto__":{"webhookType":"agent-session-started"}}',
		'{"constructor":{"prototype":{"webhookType":"agent-session-started"}}}',
		...['{"data":{"call-summary":{}}}', '{"__proto__":{"call-summary":{}}}'],
	])('finds no event in %j', (text) => expect(parseText(text)).toBeUndefined());

	it('takes prototype keys as plain data, and changes no prototype', () => {
		const event = parseText(
			'{"webhookType":"agent-session-started","__proto__":{"polluted":1},"data":{"sessionId":"s","__proto__":{"sessionId":"t","polluted":1},"constructor":{"prototype":{"polluted":1}}}}',
		);
		expect(event).toMatchObject({ event: 'started', sessionId: 's' });
		expect(Object.keys(event?.data ?? {})).toEqual(['sessionId', '__proto__', 'constructor']);
		expect(({} as Record<string, unknown>).polluted).toBeUndefined();
		const inPrototype = '{"webhookType":"agent-session-started","data":{"__proto__":{"sessionId":"s"}}}';
		expect(parseText(inPrototype)?.sessionId).toBe('');
	});

	it('reads the last one of duplicate keys, for the event and its identity alike', () => {
		const event = parseText(
			'{"webhookType":"agent-session-failed","webhookType":"agent-session-started","data":{"sessionId":"a","sessionId":"b"}}',
		);
		expect(event).toMatchObject({ event: 'started', sessionId: 'b', webhookType: 'agent-session-started' });
		const plain = parseJson({ type: 'agent-session-started', data: { sessionId: 'b' } });
		expect(event?.eventId).toBe(plain?.eventId);
	});

	it('stumbles over no deep or huge JSON, and tells its events apart', () => {
		const objects = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
		const lists = '['.repeat(200_000) + ']'.repeat(200_000);
		for (const deep of [objects, lists, '['.repeat(1_000_000), `"${'x'.repeat(1_000_000)}"`]) {
			for (const type of ['agent-session-started', 'call-update', 'participant-joined']) {
				const event = parseText(`{"webhookType":"${type}","data":{"sessionId":"s","deep":${deep}}}`);
				if (!deep.endsWith('[')) expect(event?.eventId).toEqual(eventId);
			}
			expect(() => parseText(deep)).not.toThrow();
		}
	});

	it('never throws, and names an event only if the body does', () => {
		let events = 0;
		const bytes = fc.uint8Array({ maxLength: 200 }).map((list) => Buffer.from(list));
		check(
			fc.property(fc.oneof(anyBody.map(Buffer.from), bytes), (body) => {
				const event = parseEvent(body);
				if (event === undefined) return;
				events++;
				expect(event).toMatchObject({ webhookType: expect.stringMatching(/./s), eventId });
				expect(Object.prototype.toString.call(event.data)).toBe('[object Object]');
			}),
			2_000,
		);
		expect(events).toBeGreaterThan(20);
	});
});

it.each<[body: object, expected: object]>([
	[
		{ webhookType: 'call-ended', data: CALL },
		{ event: 'call-hangup', webhookType: 'call-ended', ...IDS },
	],
	[{ webhookType: 'call-answered', data: { id: 'call-1' } }, { callId: 'call-1' }],
	[{ webhookType: 'call-answered', data: { callId: 'call-1', id: 'other' } }, { callId: 'call-1' }],
	[
		{ webhookType: 'call-hangup', data: { callId: 4711, sessionId: 0 } },
		{ callId: '4711', sessionId: '0' },
	],
	[{ webhookType: 'session-ended', data: { meetingId: 'abcd' } }, { roomId: 'abcd' }],
])('A call may be named otherwise: %j', (body, names) => expect(parseJson(body)).toMatchObject(names));

it.each([
	{ webhookType: 'call-answered', data: { callId: '  ', roomId: [] } },
	{ webhookType: 'participant-joined', data: { id: 'recording-1' } },
	{ 'call-summary': 'text', 'customer-data': [1], 'room-data': null },
])('A call may be missing: %j', (body) => {
	const { sessionId, callId, roomId } = parseJson(body) ?? {};
	expect([sessionId, callId, roomId]).toEqual(['', undefined, undefined]);
});

it.each<[string, object]>([
	['no type', SUMMARY],
	['its own', { ...SUMMARY, webhookType: 'call-summary' }],
	['its own as type', { ...SUMMARY, type: 'call-summary' }],
	['a type that is no event', { ...SUMMARY, type: 'agent-summary' }],
])("A call's summary is read from a body with %s", (_which, body) => {
	expect(parseJson(body)).toMatchObject({ event: 'call-summary', webhookType: 'call-summary', ...IDS });
	expect(parseJson(body)?.data).toMatchObject({ 'call-summary': SUMMARY['call-summary'] });
	expect(parseJson({ ...body, webhookType: 'call-hangup' })?.event).toBe('call-hangup');
});

it.each([
	...[['call-ended', 'call-hangup'] as const, ['call-summary', 'call-summary'] as const],
	...['started', 'call-', 'toString', 'CALL-HANGUP', 'recording-*', 'x-agent-session-started'].map(
		(none) => [none, undefined] as const,
	),
	['agent-session-startedx', undefined] as const,
])('The name of %s is %s', (webhookType, name) => expect(eventName(webhookType)).toBe(name));

it('The events for which a call webhook is registered come once, in one order', () => {
	const all = [...ONCE_PER_CALL, 'call-transferred', 'call-update'];
	const others = [...OF_SESSION.map((event) => EVENT_PREFIX + event), 'call-summary', 'unknown'];
	expect(callEventsOf([...all, ...all, ...others].reverse())).toEqual(all);
	expect(callEventsOf(['call-ended'])).toEqual(['call-hangup']);
});

describe('eventId', () => {
	const ONCE = [...OF_SESSION.map((event) => `session ${event}`), ...ONCE_PER_CALL, ...ONCE_PER_ROOM_SESSION];
	const id = fc
		.oneof(fc.uuid(), fc.string({ minLength: 1 }), unicode(1))
		.map((text) => text.trim())
		.filter((text) => text !== '' && !text.startsWith('session-'));
	const name = fc.constantFrom(...ONCE, ...AGAIN);
	const space = fc.constantFrom('', ' ', '\n', '\t ');
	/** One of the ways in which the same event may be delivered. */
	const spelling = fc.record({
		...{ before: space, after: space, family: fc.constantFrom(...SPELLINGS) },
		idPrefix: fc.constantFrom('', 'session-'),
		typeField: fc.constantFrom('webhookType', 'type'),
		more: fc.dictionary(unicode(), fc.jsonValue()),
		indent: fc.constantFrom(0, 2),
	});

	/** Delivers an event in one of many spellings. */
	function eventIdOf(
		ofId: string,
		event: string,
		as: typeof spelling extends fc.Arbitrary<infer S> ? S : never,
	) {
		const sessionId = `${as.before}${as.idPrefix}${ofId}${as.after}`;
		const ids = event.startsWith('call') ? { callId: `${as.before}${ofId}${as.after}` } : { sessionId };
		const body = { [as.typeField]: event.replace('session ', as.family), data: { ...as.more, ...ids } };
		return parseText(JSON.stringify(body, null, as.indent))?.eventId;
	}

	it('of an event that happens once is the same however it is spelled', () => {
		check(
			fc.property(id, fc.constantFrom(...ONCE), spelling, spelling, (ofId, event, one, other) => {
				expect(eventIdOf(ofId, event, one)).toEqual(eventId);
				expect(eventIdOf(ofId, event, one)).toBe(eventIdOf(ofId, event, other));
			}),
			1_000,
		);
	});

	it('is different for a different event, session, or call', () => {
		// The same one or another.
		const another = fc.option(id, { nil: undefined, freq: 1 });
		check(
			fc.property(id, another, name, name, spelling, (one, given, event, otherEvent, as) => {
				const other = given ?? one;
				fc.pre(one !== other || event !== otherEvent);
				expect(eventIdOf(one, event, as)).not.toBe(eventIdOf(other, otherEvent, as));
			}),
			1_000,
		);
	});

	it('of one that may happen again, of a summary, and of one without an ID is that of its bytes', () => {
		const content = fc.dictionary(
			unicode(1).map((key) => `x${key}`),
			fc.jsonValue(),
		);
		const withoutId = fc
			.tuple(name, content)
			.map(([event, data]) => ({ webhookType: event.replace('session ', EVENT_PREFIX), data }));
		const again = fc
			.tuple(fc.constantFrom(...AGAIN), content, fc.uuid())
			.map(([webhookType, data, ofId]) => ({
				...{ webhookType, data: { ...data, callId: ofId, sessionId: ofId } },
			}));
		const body = fc.oneof(
			...[withoutId, again, content.map((summary) => ({ 'call-summary': summary }))],
		) as fc.Arbitrary<object>;
		check(
			fc.property(body, fc.string(), (one, more) => {
				expect(parseJson(one)?.eventId).toBe(parseJson(one)?.eventId);
				expect(parseJson({ ...one, sentAt: more })?.eventId).not.toBe(parseJson(one)?.eventId);
			}),
			1_000,
		);
	});
});
