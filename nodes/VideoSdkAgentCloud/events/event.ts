import { createHash } from 'crypto';
import type { IDataObject } from 'n8n-workflow';

/** What can happen to a session, in the order in which it happens. `failed` may come at any time. */
export const SESSION_EVENTS = ['starting', 'started', 'stopping', 'stopped', 'failed'] as const;
export type SessionEvent = (typeof SESSION_EVENTS)[number];

/** The prefix of an event's name in the start call; events may be delivered with the other one, which newer docs use. */
export const EVENT_PREFIX = 'ai-deployment-session-';
const EVENT_NAME = new RegExp(`^(?:${EVENT_PREFIX}|agent-session-)(${SESSION_EVENTS.join('|')})$`);
/** Ids in events carry this prefix, those of the REST API do not (docs.videosdk.live, agent webhooks). */
const EVENT_SESSION_PREFIX = 'session-';

/** A delivery that was found genuine, in the shape in which the trigger puts it out. */
export interface ReceivedEvent {
	/** One of SESSION_EVENTS, or the name as received if it is of another family. */
	event: string;
	webhookType: string;
	/** As the REST API spells it: without the `session-` prefix. Empty if the event names none. */
	sessionId: string;
	data: IDataObject;
	/** The same for each delivery of the same event. */
	eventId: string;
}

/** @returns the short name (`started`) of an event in either spelling, or undefined if it is of another family */
export function shortEventName(webhookType: string): SessionEvent | undefined {
	return EVENT_NAME.exec(webhookType)?.[1] as SessionEvent | undefined;
}

/** @returns the session's id as the REST API spells it */
export function bareSessionId(id: unknown): string {
	const text = typeof id === 'string' ? id.trim() : '';
	return text.startsWith(EVENT_SESSION_PREFIX) ? text.slice(EVENT_SESSION_PREFIX.length) : text;
}

/**
 * Reads a delivery's body.
 *
 * @param rawBody the bytes as received
 * @returns the event, or undefined if the body is no JSON object that names a type
 */
export function parseEvent(rawBody: Buffer): ReceivedEvent | undefined {
	let body: unknown;
	try {
		body = JSON.parse(rawBody.toString('utf8'));
	} catch {
		return undefined;
	}
	if (typeof body !== 'object' || body === null) return undefined;
	const { webhookType, type, data } = body as Record<string, unknown>;
	// The SDK reads `type` where `webhookType` is absent.
	const name = [webhookType, type].find((candidate) => typeof candidate === 'string' && candidate !== '');
	if (typeof name !== 'string') return undefined;
	const payload =
		typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as IDataObject) : {};
	const event = shortEventName(name) ?? name;
	const sessionId = bareSessionId(payload.sessionId);
	// A session goes through each state once, so its id and the event tell deliveries of one event from others. Without a session
	// only the bytes can tell.
	const identity = sessionId === '' ? rawBody : `${sessionId}:${event}`;
	return {
		event,
		webhookType: name,
		sessionId,
		data: payload,
		eventId: createHash('sha256').update(identity).digest('hex').slice(0, 32),
	};
}
