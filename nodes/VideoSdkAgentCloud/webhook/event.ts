import { createHash } from 'crypto';
import type { IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/answer';
import { parseWithoutTools } from '../api/toolAccess';
import { bareSessionId } from '../api/sessionId';

/** What can happen to a session, in the order in which it happens. `failed` may come at any time. */
export const SESSION_EVENTS = ['starting', 'started', 'stopping', 'stopped', 'failed'] as const;
export type SessionEvent = (typeof SESSION_EVENTS)[number];

/** The prefix of an event's name in the start call; events may be delivered with the other one, which newer docs use. */
export const EVENT_PREFIX = 'ai-deployment-session-';
const SESSION_NAME = new RegExp(`^(?:${EVENT_PREFIX}|agent-session-)(${SESSION_EVENTS.join('|')})$`);

/** The events of a call, as its webhook is registered for them (docs.videosdk.live, telephony webhooks). */
export const CALL_EVENTS = [
	'call-started',
	'call-ringing',
	'call-answered',
	'call-hangup',
	'call-missed',
	'call-transferred',
	'call-update',
];

/** The body of this event names no type. */
export const CALL_SUMMARY = 'call-summary';

/** The events of a room, as it is created with them. */
export const ROOM_EVENTS = [
	'session-started',
	'session-ended',
	'participant-joined',
	'participant-left',
	'recording-started',
	'recording-stopped',
	'recording-failed',
	'transcription-started',
	'transcription-stopped',
	'transcription-failed',
];

/** Of two names for one event, the one that older docs use. */
const ALIASES = new Map([['call-ended', 'call-hangup']]);
const OTHER_EVENTS = new Set([...CALL_EVENTS, CALL_SUMMARY, ...ROOM_EVENTS]);

/** @returns the short name (`started`) of a session's event in either spelling, or undefined if it is of another family */
export function shortEventName(webhookType: string): SessionEvent | undefined {
	return SESSION_NAME.exec(webhookType)?.[1] as SessionEvent | undefined;
}

/** @returns how the trigger names an event of any family, whatever its spelling; undefined if the trigger does not know it */
export function eventName(webhookType: string): string | undefined {
	const name = ALIASES.get(webhookType) ?? webhookType;
	return OTHER_EVENTS.has(name) ? name : shortEventName(name);
}

/** @returns whether an event is of a call, its summary included */
export function isCallEvent(event: string): boolean {
	return event.startsWith('call-');
}

/** A verified event, in the shape of the trigger's output. */
export interface ReceivedEvent {
	/** See `eventName`; the name as received if the trigger does not know it. */
	event: string;
	webhookType: string;
	/** Of the agent's session, or of the room's for an event of a call or room. Without the `session-` prefix. Empty if there is none. */
	sessionId: string;
	callId?: string;
	roomId?: string;
	data: IDataObject;
	/** The same for each delivery of the same event. */
	eventId: string;
}

/** The events of a call or room of which there is one in each call or session of a room. Others may come again with other data. */
const ONCE = {
	callId: ['call-started', 'call-ringing', 'call-answered', 'call-hangup', 'call-missed'],
	sessionId: ['session-started', 'session-ended'],
};

/** @returns the first candidate that is a text and not blank, trimmed */
function firstText(...candidates: unknown[]): string | undefined {
	const text = candidates.find((candidate) => typeof candidate === 'string' && candidate.trim() !== '');
	return text === undefined ? undefined : (text as string).trim();
}

/** @returns a text that is the same for the same JSON value, in whatever order its members come */
function canonicalJson(value: IDataObject): string {
	return JSON.stringify(value, (_name, member: unknown) =>
		isRecord(member)
			? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
			: member,
	);
}

/** @returns what tells the event from others: the same for each delivery of it */
function identityOf(
	{ event: name, webhookType, sessionId, callId }: Omit<ReceivedEvent, 'eventId'>,
	body: IDataObject,
	rawBody: Buffer,
): string | Buffer {
	// A session goes through each state once, so its ID and the event tell deliveries of one event from others.
	const isOfSession = shortEventName(webhookType) !== undefined || ONCE.sessionId.includes(name);
	if (isOfSession && sessionId !== '') return `${sessionId}:${name}`;
	if (callId !== undefined && ONCE.callId.includes(name)) return `${callId}:${name}`;
	// Without an ID only the bytes can tell.
	if (isOfSession || ONCE.callId.includes(name)) return rawBody;
	try {
		return `${name}:${canonicalJson({ ...body, webhookType: undefined, type: undefined })}`;
	} catch {
		// Nested too deeply to be written again.
		return rawBody;
	}
}

/** @returns the event without the ID of its own */
function readBody(body: IDataObject): Omit<ReceivedEvent, 'eventId'> | undefined {
	// The SDK reads `type` where `webhookType` is absent.
	const name = [body.webhookType, body.type].find(
		(candidate) => typeof candidate === 'string' && candidate !== '',
	);
	if (typeof name === 'string') {
		const data = isRecord(body.data) ? body.data : {};
		const event = eventName(name) ?? name;
		return {
			event,
			webhookType: name,
			sessionId: bareSessionId(data.sessionId),
			callId: firstText(data.callId, isCallEvent(event) ? data.id : undefined),
			roomId: firstText(data.roomId, data.meetingId),
			data,
		};
	}
	// What an agent made in the dashboard sends after a call.
	if (!Object.hasOwn(body, CALL_SUMMARY)) return undefined;
	const [call, room] = [body['customer-data'], body['room-data']].map((part) => (isRecord(part) ? part : {}));
	return {
		event: CALL_SUMMARY,
		webhookType: CALL_SUMMARY,
		sessionId: bareSessionId(room?.['session-id'] ?? room?.sessionId),
		callId: firstText(call?.callId, call?.['call-id']),
		roomId: firstText(room?.['meeting-id'], room?.['room-id'], room?.meetingId, room?.roomId),
		data: body,
	};
}

/**
 * Reads a delivery's body.
 *
 * @param rawBody the bytes as received
 * @returns the event, or undefined if the body is no JSON object that names a type or holds a call summary
 */
export function parseEvent(rawBody: Buffer): ReceivedEvent | undefined {
	let body: unknown;
	try {
		body = parseWithoutTools(rawBody.toString('utf8'));
	} catch {
		return undefined;
	}
	if (!isRecord(body)) return undefined;
	const event = readBody(body);
	if (event === undefined) return undefined;
	const { callId, roomId, data, ...names } = event;
	return {
		...names,
		...(callId !== undefined && { callId }),
		...(roomId !== undefined && { roomId }),
		data,
		eventId: createHash('sha256')
			.update(identityOf(event, body, rawBody))
			.digest('hex')
			.slice(0, 32),
	};
}
