import fc from 'fast-check';
import {
	callEventsOf,
	EVENT_PREFIX,
	eventName,
	happensOnce,
} from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { parseEvent } from '../../../nodes/VideoSdkAgentCloud/webhook/delivery';
import { checkTimes, unicode, utf16 } from '../support';

const parseText = (text: string) => parseEvent(Buffer.from(text));
const parseJson = (body: unknown) => parseText(JSON.stringify(body));

/** The events of VideoSDK's docs by what happens to them: once per session or call, or again and again. */
const OF_SESSION = ['starting', 'started', 'stopping', 'stopped', 'failed'];
const ONCE_PER_CALL = ['call-started', 'call-ringing', 'call-answered', 'call-hangup', 'call-missed'];
const ONCE_PER_ROOM_SESSION = ['session-started', 'session-ended'];
const AGAIN = [
	'call-transferred',
	'call-update',
	'participant-joined',
	'participant-left',
	'recording-started',
	'recording-stopped',
	'recording-failed',
	'transcription-started',
	'transcription-stopped',
	'transcription-failed',
];
const SPELLINGS = [EVENT_PREFIX, 'agent-session-'];
const eventId = expect.stringMatching(/^[0-9a-f]{32}$/) as string;

it('Events are known by name, and so is whether they happen once', () => {
	for (const name of [...ONCE_PER_CALL, ...ONCE_PER_ROOM_SESSION, ...AGAIN])
		expect([eventName(name), happensOnce({ webhookType: name })]).toEqual([name, !AGAIN.includes(name)]);
	for (const event of OF_SESSION) {
		const names = SPELLINGS.map((family) => family + event);
		expect(names.map(eventName)).toEqual([event, event]);
		expect(names.map((webhookType) => happensOnce({ webhookType }))).toEqual([true, true]);
	}
	expect(['call-ended', 'call-summary'].map(eventName)).toEqual(['call-hangup', 'call-summary']);
	const none = ['started', 'call-', 'toString', 'CALL-HANGUP', 'recording-*', 'x-agent-session-started'];
	for (const name of [...none, 'agent-session-startedx', 'of-the-future'])
		expect(eventName(name)).toBeUndefined();
});

it('The events for which a call webhook is registered come once, in one order', () => {
	const all = [...ONCE_PER_CALL, 'call-transferred', 'call-update'];
	const others = [...OF_SESSION.map((event) => EVENT_PREFIX + event), 'call-summary', 'unknown'];
	expect(callEventsOf([...all, ...all, ...others].reverse())).toEqual(all.sort());
	expect(callEventsOf(['call-ended'])).toEqual(['call-hangup']);
});

const SUMMARY = {
	'call-summary': { wantsDemo: true, name: 'Ada' },
	'customer-data': { callId: 'call-1', sipCallTo: '+1', customerId: '4711' },
	'room-data': { agentId: 'ag_1', 'meeting-id': 'abcd', 'session-id': 'room-session' },
};
const OF_SUMMARY = {
	event: 'call-summary',
	callId: 'call-1',
	roomId: 'abcd',
	sessionId: 'room-session',
	data: SUMMARY,
};
const STARTED = { webhookType: 'agent-session-started' };
const sent = (webhookType: string, data: unknown) => ({ webhookType, data });
const started = (data: unknown) => ({ ...STARTED, data });
const none = { sessionId: '' };

type Row = [body: object, expected: object];
it.each<Row>([
	[sent('call-ended', { callId: 'c' }), { event: 'call-hangup', callId: 'c' }],
	[sent('call-answered', { id: 'c', name: 'Zoë ☎' }), { callId: 'c', data: { name: 'Zoë ☎' } }],
	[sent('call-answered', { callId: 'c', id: 'other' }), { callId: 'c' }],
	[sent('call-hangup', { callId: 4711, sessionId: 0 }), { callId: '4711', sessionId: '0' }],
	[sent('call-answered', { callId: '  ', roomId: [] }), none],
	...[{}, { data: null }].map((data): Row => [
		{ webhookType: 'call-hangup', callId: 'c', to: '+1', ...data },
		{ callId: 'c', data: { callId: 'c', to: '+1' } },
	]),
	[sent('session-ended', { meetingId: 'abcd' }), { roomId: 'abcd' }],
	[sent('participant-joined', { id: 'recording-1' }), none],
	...['', null, 7, undefined].map((webhookType): Row => [
		{ webhookType, type: 'agent-session-failed' },
		{ event: 'failed', webhookType: 'agent-session-failed' },
	]),
	[{ ...STARTED, type: 'agent-session-failed' }, STARTED],
	...[null, 'text', 5, [], [{ sessionId: 's' }]].map((data): Row => [started(data), { ...none, data: {} }]),
	...[0.5, null, {}, ['s'], true, '  ', 'session-'].map((sessionId): Row => [started({ sessionId }), none]),
	[{ 'call-summary': 'text', 'customer-data': [1], 'room-data': null }, none],
	...[{}, { webhookType: 'call-summary' }, { type: 'call-summary' }, { type: 'agent-summary' }].map(
		(type): Row => [{ ...SUMMARY, ...type }, OF_SUMMARY],
	),
	[{ ...SUMMARY, webhookType: 'call-hangup' }, { event: 'call-hangup' }],
])('Names are found wherever they are: %j', (body, expected) => {
	const event = parseJson(body);
	expect(event).toMatchObject(expected);
	expect(Object.values(event ?? {})).not.toContain(undefined);
	if (event?.event !== 'call-summary') expect(event?.data).not.toHaveProperty('webhookType');
	if (expected === none) expect([event?.callId, event?.roomId]).toEqual([undefined, undefined]);
});

it.each([
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
	'[{"webhookType":"agent-session-started"}]',
	'["call-summary"]',
	'\ufeff{"webhookType":"agent-session-started"}',
	'webhookType=agent-session-started',
	'{"webhookType":"agent-session-started"}{"webhookType":"agent-session-started"}',
	'{"__proto__":{"webhookType":"agent-session-started"}}',
	'{"data":{"call-summary":{}}}',
	'{"__proto__":{"call-summary":{}}}',
])('There is no event in %j', (text) => expect(parseText(text)).toBeUndefined());

it('Prototype keys are plain data, and the last one of duplicate keys counts', () => {
	const event = parseText(
		'{"webhookType":"agent-session-failed","webhookType":"agent-session-started","__proto__":{"polluted":1},"data":{"sessionId":"s","__proto__":{"sessionId":"t","polluted":1}}}',
	);
	expect(event).toMatchObject({ event: 'started', sessionId: 's' });
	expect(event?.eventId).toBe(parseJson({ ...STARTED, data: { sessionId: 's' } })?.eventId);
	expect(Object.keys(event?.data ?? {})).toEqual(['sessionId', '__proto__']);
	expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

it('No deep or huge JSON is too much, and its events are told apart', () => {
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

it('Nothing throws, and an event is named only if the body does', () => {
	const key = fc.constantFrom('webhookType', 'type', 'data', '__proto__', 'x');
	const members = fc.array(fc.tuple(key, fc.json({ maxDepth: 2 })));
	const text = fc.oneof(
		...[fc.json({ maxDepth: 4 }), unicode(0, 200), utf16(200)],
		fc.record({ webhookType: unicode(), data: fc.jsonValue() }).map((body) => JSON.stringify(body)),
		members.map((list) => `{${list.map(([name, json]) => `"${name}":${json}`).join(',')}}`),
	);
	const bytes = fc.uint8Array({ maxLength: 200 }).map((list) => Buffer.from(list));
	let events = 0;
	checkTimes(2_000)([fc.oneof(text.map(Buffer.from), bytes)], (body) => {
		const event = parseEvent(body);
		if (event === undefined) return;
		events++;
		expect(event).toMatchObject({ webhookType: expect.stringMatching(/./s), eventId });
		expect(Object.prototype.toString.call(event.data)).toBe('[object Object]');
	});
	expect(events).toBeGreaterThan(20);
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
		before: space,
		after: space,
		family: fc.constantFrom(...SPELLINGS),
		idPrefix: fc.constantFrom('', 'session-'),
		typeField: fc.constantFrom('webhookType', 'type'),
		more: fc.dictionary(unicode(), fc.jsonValue()),
		indent: fc.constantFrom(0, 2),
	});

	type Spelling = typeof spelling extends fc.Arbitrary<infer S> ? S : never;

	function eventIdOf(ofId: string, event: string, as: Spelling) {
		const sessionId = `${as.before}${as.idPrefix}${ofId}${as.after}`;
		const ids = event.startsWith('call') ? { callId: `${as.before}${ofId}${as.after}` } : { sessionId };
		const body = { [as.typeField]: event.replace('session ', as.family), data: { ...as.more, ...ids } };
		return parseText(JSON.stringify(body, null, as.indent))?.eventId;
	}

	it('of an event that happens once is the same however it is spelled', () => {
		checkTimes(1_000)([id, fc.constantFrom(...ONCE), spelling, spelling], (ofId, event, one, other) => {
			expect(eventIdOf(ofId, event, one)).toEqual(eventId);
			expect(eventIdOf(ofId, event, one)).toBe(eventIdOf(ofId, event, other));
		});
	});

	it('is different for a different event, session, or call', () => {
		// The same one or another.
		const another = fc.option(id, { nil: undefined, freq: 1 });
		checkTimes(1_000)([id, another, name, name, spelling], (one, given, event, otherEvent, as) => {
			const other = given ?? one;
			fc.pre(one !== other || event !== otherEvent);
			expect(eventIdOf(one, event, as)).not.toBe(eventIdOf(other, otherEvent, as));
		});
	});

	it('of one that may happen again, of a summary, and of one without an ID is that of its bytes', () => {
		const key = unicode(1).map((text) => `x${text}`);
		const content = fc.dictionary(key, fc.jsonValue());
		const withoutId = fc
			.tuple(name, content)
			.map(([event, data]) => sent(event.replace('session ', EVENT_PREFIX), data));
		const again = fc
			.tuple(fc.constantFrom(...AGAIN), content, fc.uuid())
			.map(([event, data, ofId]) => sent(event, { ...data, callId: ofId, sessionId: ofId }));
		const summary = content.map((fields) => ({ 'call-summary': fields }));
		const body = fc.oneof(...[withoutId, again, summary]) as fc.Arbitrary<object>;
		checkTimes(1_000)([body, fc.string()], (one, more) => {
			expect(parseJson(one)?.eventId).toBe(parseJson(one)?.eventId);
			expect(parseJson({ ...one, sentAt: more })?.eventId).not.toBe(parseJson(one)?.eventId);
		});
	});
});
