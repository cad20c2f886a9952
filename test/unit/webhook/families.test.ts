import fc from 'fast-check';
import {
	CALL_EVENTS,
	eventName,
	ROOM_EVENTS,
	SESSION_EVENTS,
} from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { parseEvent } from '../../../nodes/VideoSdkAgentCloud/webhook/delivery';
import { check, unicode } from '../support';

const parse = (body: unknown, indent = 0) => parseEvent(Buffer.from(JSON.stringify(body, null, indent)));
const idOf = (body: unknown, indent = 0) => parse(body, indent)?.eventId;

const CALL = { callId: 'call-1', roomId: 'abcd', sessionId: 'room-session', status: 'answered', to: '+1' };
const SUMMARY = {
	'call-summary': { wantsDemo: true, name: 'Ada' },
	'customer-data': { callId: 'call-1', sipCallTo: '+1', customerId: '4711' },
	'room-data': { agentId: 'ag_1', 'meeting-id': 'abcd', 'session-id': 'room-session' },
};

describe('The events of calls', () => {
	it.each(CALL_EVENTS)('%s is read, with the IDs at the top', (webhookType) => {
		expect(parse({ webhookType, data: CALL })).toEqual({
			event: webhookType,
			webhookType,
			sessionId: 'room-session',
			callId: 'call-1',
			roomId: 'abcd',
			data: CALL,
			eventId: expect.stringMatching(/^[0-9a-f]{32}$/),
		});
	});

	it('call-ended is another name of call-hangup', () => {
		const ended = parse({ webhookType: 'call-ended', data: CALL });
		expect(ended).toMatchObject({ event: 'call-hangup', webhookType: 'call-ended' });
		expect(ended?.eventId).toBe(idOf({ type: 'call-hangup', data: { ...CALL, status: 'ended' } }));
	});

	it('may name the call as the SDK does', () => {
		expect(parse({ webhookType: 'call-answered', data: { id: 'call-1' } })).toMatchObject({
			callId: 'call-1',
		});
		expect(idOf({ webhookType: 'call-answered', data: { id: 'call-1' } })).toBe(
			idOf({ webhookType: 'call-answered', data: CALL }),
		);
		expect(parse({ webhookType: 'participant-joined', data: { id: 'recording-1' } })).not.toHaveProperty(
			'callId',
		);
	});

	it('without an ID are events all the same', () => {
		const event = parse({ webhookType: 'call-answered', data: { callId: '  ', roomId: [] } });
		expect(event).toMatchObject({ event: 'call-answered', sessionId: '' });
		expect(event).not.toHaveProperty('callId');
		expect(event).not.toHaveProperty('roomId');
	});
});

describe('A call summary', () => {
	it('is read from a body without a type', () => {
		expect(parse(SUMMARY)).toEqual({
			event: 'call-summary',
			webhookType: 'call-summary',
			sessionId: 'room-session',
			callId: 'call-1',
			roomId: 'abcd',
			data: SUMMARY,
			eventId: expect.any(String),
		});
	});

	it.each<[string, unknown]>([
		['no call', { 'call-summary': { a: 1 } }],
		['an empty summary', { 'call-summary': {} }],
		['parts that are no objects', { 'call-summary': 'text', 'customer-data': [1], 'room-data': null }],
	])('may have %s', (_what, body) => {
		const event = parse(body);
		expect(event).toMatchObject({ event: 'call-summary', sessionId: '', data: body });
		expect(event).not.toHaveProperty('callId');
	});

	it('is not one if it names the type of another event', () => {
		expect(parse({ ...SUMMARY, webhookType: 'call-hangup' })?.event).toBe('call-hangup');
	});

	it.each<[string, object]>([
		['its own', { ...SUMMARY, webhookType: 'call-summary' }],
		['its own as type', { ...SUMMARY, type: 'call-summary' }],
		['an unknown one', { ...SUMMARY, type: 'post-call' }],
		['its own, with the rest in data', { webhookType: 'call-summary', data: SUMMARY }],
	])('is read from a body that also names a type: %s', (_which, body) => {
		expect(parse(body)).toMatchObject({
			event: 'call-summary',
			webhookType: 'call-summary',
			sessionId: 'room-session',
			callId: 'call-1',
			roomId: 'abcd',
			data: { 'call-summary': SUMMARY['call-summary'] },
		});
	});

	it.each(['{"data":{"call-summary":{}}}', '{"__proto__":{"call-summary":{}}}', '["call-summary"]'])(
		'is not found in %s',
		(text) => expect(parseEvent(Buffer.from(text))).toBeUndefined(),
	);

	it('is the same in whatever order its members come, and another one with other content', () => {
		const { 'call-summary': summary, ...rest } = SUMMARY;
		expect(idOf({ ...rest, 'call-summary': { name: 'Ada', wantsDemo: true } }, 2)).toBe(idOf(SUMMARY));
		expect(idOf({ ...rest, 'call-summary': { ...summary, name: 'Bob' } })).not.toBe(idOf(SUMMARY));
	});
});

describe('IDs that are numbers', () => {
	it('come out as text', () => {
		const data = { callId: 4711, roomId: 12, sessionId: 0 };
		expect(parse({ webhookType: 'call-hangup', data })).toMatchObject({
			callId: '4711',
			roomId: '12',
			sessionId: '0',
			data,
		});
		expect(
			parse({ 'call-summary': {}, 'customer-data': { callId: 1 }, 'room-data': { 'session-id': 2 } }),
		).toMatchObject({ callId: '1', sessionId: '2' });
	});
});

describe('The events of rooms', () => {
	it.each(ROOM_EVENTS)('%s is read, with the room at the top', (webhookType) => {
		const data = { meetingId: 'abcd-efgh', sessionId: 's-1' };
		expect(parse({ webhookType, data })).toMatchObject({
			event: webhookType,
			sessionId: 's-1',
			roomId: 'abcd-efgh',
			data,
		});
	});
});

describe('eventId', () => {
	const repeated = [
		'call-update',
		'call-transferred',
		...ROOM_EVENTS.filter((name) => !/^session-/.test(name)),
	];
	const once = ['call-started', 'call-ringing', 'call-answered', 'call-hangup', 'call-missed'];

	it.each(repeated)(
		'is another one for a second %s with other data, and the same for each delivery',
		(webhookType) => {
			const data = { meetingId: 'abcd', sessionId: 's', callId: 'c', participantId: 'p-1', id: '1' };
			const first = idOf({ webhookType, data });
			expect(idOf({ type: webhookType, data: Object.fromEntries(Object.entries(data).reverse()) }, 2)).toBe(
				first,
			);
			expect(idOf({ webhookType, data: { ...data, participantId: 'p-2' } })).not.toBe(first);
			expect(idOf({ webhookType, timestamp: 2, data })).not.toBe(first);
		},
	);

	it.each(once)('is the same for each %s of a call, whatever else it tells', (webhookType) => {
		const first = idOf({ webhookType, data: { callId: 'c' } });
		expect(idOf({ webhookType, data: { callId: ' c ', timestamp: 5 }, sentAt: 7 })).toBe(first);
		expect(idOf({ webhookType, data: { callId: 'd' } })).not.toBe(first);
	});

	it('tells all families apart: no two events share one', () => {
		const data = { callId: 'x', roomId: 'x', sessionId: 'x' };
		const names = [
			...CALL_EVENTS,
			...ROOM_EVENTS,
			'call-summary',
			...SESSION_EVENTS.map((event) => `agent-session-${event}`),
		];
		const ids = names.map((webhookType) => idOf({ webhookType, data }));
		expect(new Set(ids).size).toBe(names.length);
	});

	it('is the same for any JSON, however its members are ordered and spaced', () => {
		const shuffled = (value: unknown): unknown => {
			if (Array.isArray(value)) return value.map(shuffled);
			if (typeof value !== 'object' || value === null) return value;
			const entries = Object.entries(value).map(([name, member]) => [name, shuffled(member)] as const);
			return Object.fromEntries(entries.reverse());
		};
		check(
			fc.property(
				fc.constantFrom(...repeated),
				fc.dictionary(unicode(1), fc.jsonValue()),
				fc.constantFrom(0, 2),
				(webhookType, data, indent) => {
					const body = { webhookType, data };
					expect(idOf(shuffled(body), indent)).toBe(idOf(body));
				},
			),
			1_000,
		);
	});

	it('never makes parsing throw: deep and huge bodies', () => {
		for (const webhookType of repeated) {
			const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
			const event = parseEvent(Buffer.from(`{"webhookType":"${webhookType}","data":{"deep":${deep}}}`));
			expect(event?.event).toBe(webhookType);
		}
		expect(parse({ webhookType: 'call-update', data: { text: 'x'.repeat(1_000_000) } })?.event).toBe(
			'call-update',
		);
	});
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
