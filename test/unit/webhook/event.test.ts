import fc from 'fast-check';
import { EVENT_PREFIX, SESSION_EVENTS } from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { parseEvent } from '../../../nodes/VideoSdkAgentCloud/webhook/delivery';
import { check, unicode, utf16 } from '../support';

const parseJson = (body: unknown) => parseEvent(Buffer.from(JSON.stringify(body)));
const parseText = (text: string) => parseEvent(Buffer.from(text));

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
	it('reads the documented body', () => {
		const sessionId = '6f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b';
		expect(
			parseJson({
				webhookType: 'ai-deployment-session-started',
				data: { sessionId: `session-${sessionId}`, room: 'abcd' },
			}),
		).toEqual({
			event: 'started',
			webhookType: 'ai-deployment-session-started',
			sessionId,
			data: { sessionId: `session-${sessionId}`, room: 'abcd' },
			eventId: expect.stringMatching(/^[0-9a-f]{32}$/),
		});
	});

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

	it.each([
		'session-started',
		'participant-joined',
		'ai-deployment-session-STARTED',
		'ai-deployment-session-started ',
		'x',
	])('keeps the name of another family: %s', (webhookType) => {
		expect(parseJson({ webhookType, data: { meetingId: 'abcd' } })).toMatchObject({
			event: webhookType,
			webhookType,
			sessionId: '',
		});
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
	const sessionId = fc
		.oneof(fc.uuid(), fc.string({ minLength: 1 }), unicode(1))
		.map((id) => id.trim())
		.filter((id) => id !== '' && !id.startsWith('session-'));
	const event = fc.constantFrom(...SESSION_EVENTS);
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
	function eventIdOf(id: string, name: string, as: Spelling): string | undefined {
		const body = {
			[as.typeField]: `${as.family}${name}`,
			data: { ...as.more, sessionId: `${as.before}${as.idPrefix}${id}${as.after}` },
		};
		return parseEvent(Buffer.from(JSON.stringify(body, null, as.indent)))?.eventId;
	}

	it('is the same for the same event of the same session, however it is spelled', () => {
		check(
			fc.property(sessionId, event, spelling, spelling, (id, name, one, other) => {
				expect(eventIdOf(id, name, one)).toMatch(/^[0-9a-f]{32}$/);
				expect(eventIdOf(id, name, one)).toBe(eventIdOf(id, name, other));
			}),
			1_000,
		);
	});

	it('is another one for another event or another session', () => {
		check(
			fc.property(
				fc.tuple(sessionId, event),
				fc.tuple(sessionId, event),
				spelling,
				([id, name], [otherId, otherName], as) => {
					fc.pre(id !== otherId || name !== otherName);
					expect(eventIdOf(id, name, as)).not.toBe(eventIdOf(otherId, otherName, as));
				},
			),
			1_000,
		);
	});

	it('is that of the content if the event names no session', () => {
		const text = '{"webhookType":"agent-session-started"}';
		expect(parseText(text)?.eventId).toBe(parseText(`${text} `)?.eventId);
		expect(parseText(text)?.eventId).not.toBe(
			parseText('{"webhookType":"agent-session-started","a":1}')?.eventId,
		);
	});
});
