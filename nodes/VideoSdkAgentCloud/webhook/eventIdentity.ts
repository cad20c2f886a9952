import { createHash } from 'crypto';
import { CALL_SUMMARY, eventName, SESSION_EVENTS } from './eventNames';

/** What an event is about, as `ReceivedEvent` names it. */
interface Subject {
	event: string;
	webhookType: string;
	sessionId: string;
	callId?: string;
}

/**
 * The events that happen once, and what tells one from others of its name: the ID of its call or session, or its content. An event
 * that is missing here may happen again, even with the same bytes, as when a participant comes back.
 */
const ONCE = new Map<string | undefined, 'callId' | 'content' | 'sessionId'>([
	...SESSION_EVENTS.map((event) => [event, 'sessionId'] as const),
	['call-started', 'callId'],
	['call-ringing', 'callId'],
	['call-answered', 'callId'],
	['call-hangup', 'callId'],
	['call-missed', 'callId'],
	[CALL_SUMMARY, 'content'],
	['session-started', 'sessionId'],
	['session-ended', 'sessionId'],
]);

/** @returns whether there is one such event in each call or session, so that a second delivery is a duplicate */
export function happensOnce({ webhookType }: Pick<Subject, 'webhookType'>): boolean {
	return ONCE.has(eventName(webhookType));
}

/**
 * @returns what tells the event from others: the same for each delivery of it. That of an event that happens once is its name and the
 * ID of its call or session; that of a summary, of an event without an ID, and of one that may happen again is its content
 */
export function eventIdOf(subject: Subject, rawBody: Buffer): string {
	const field = ONCE.get(eventName(subject.webhookType)) ?? 'content';
	const id = field === 'content' ? undefined : subject[field];
	return createHash('sha256')
		.update(id ? `${id}:${subject.event}` : rawBody)
		.digest('hex')
		.slice(0, 32);
}
