import { createHash } from 'crypto';
import { type IDataObject } from 'n8n-workflow';
import { asRecord, isRecord, pick } from '../api/http/responseReaders';
import { bareSessionId } from '../api/sessionId';
import { CALL_SUMMARY, eventName, isCallEvent, onceBy } from './eventNames';

export * from './eventNames';

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

/** @returns the first candidate that is a text and not blank, trimmed, or a number, as text */
export function firstText(...candidates: unknown[]): string | undefined {
	const texts = candidates.map((candidate) =>
		typeof candidate === 'string' || Number.isSafeInteger(candidate) ? String(candidate).trim() : '',
	);
	return texts.find((text) => text !== '');
}

/** @returns the IDs that an event names, each by the first of its candidates */
function idsOf(session: unknown, calls: unknown[], rooms: unknown[]) {
	const callId = firstText(...calls);
	const roomId = firstText(...rooms);
	return {
		sessionId: bareSessionId(firstText(session)),
		...(callId !== undefined && { callId }),
		...(roomId !== undefined && { roomId }),
	};
}

function readBody(body: IDataObject): Omit<ReceivedEvent, 'eventId'> | undefined {
	// The SDK reads `type` where `webhookType` is absent.
	const name = [body.webhookType, body.type].find(
		(candidate): candidate is string => typeof candidate === 'string' && candidate !== '',
	);
	// What an agent made in the dashboard sends after a call. A type that is no event's changes nothing.
	const isOther = name !== undefined && name !== CALL_SUMMARY && eventName(name) !== undefined;
	if (!isOther && Object.hasOwn(body, CALL_SUMMARY)) {
		const call = asRecord(body['customer-data']);
		const room = asRecord(body['room-data']);
		const ids = idsOf(room['session-id'], [call.callId], [room['meeting-id']]);
		return { event: CALL_SUMMARY, webhookType: CALL_SUMMARY, ...ids, data: body };
	}
	if (name === undefined) return undefined;
	const beside = Object.keys(body).filter((field) => field !== 'webhookType');
	// The SDK passes on what is beside "data", too.
	const data = isRecord(body.data) ? body.data : pick(body, beside);
	const event = eventName(name) ?? name;
	const calls = [data.callId, isCallEvent(event) ? data.id : undefined];
	const ids = idsOf(data.sessionId, calls, [data.roomId, data.meetingId]);
	return { event, webhookType: name, ...ids, data };
}

/** @returns whether there is one such event in each call or session, so that a second delivery is a duplicate */
export function happensOnce({ webhookType }: Pick<ReceivedEvent, 'webhookType'>): boolean {
	return onceBy(webhookType) !== undefined;
}

/**
 * @returns what tells the event from others: the same for each delivery of it. That of an event that happens once is its name and the
 * ID of its call or session; that of a summary, of an event without an ID, and of one that may happen again is its content
 */
function eventIdOf(subject: Omit<ReceivedEvent, 'eventId'>, rawBody: Buffer): string {
	const field = onceBy(subject.webhookType) ?? 'content';
	const id = field === 'content' ? undefined : subject[field];
	return createHash('sha256')
		.update(id ? `${id}:${subject.event}` : rawBody)
		.digest('hex')
		.slice(0, 32);
}

/**
 * Reads the event in a delivery's body.
 *
 * @param body as parsed
 * @param rawBody its bytes as received
 * @returns undefined if it is no object that names a type or has a call summary
 */
export function readEvent(body: unknown, rawBody: Buffer): ReceivedEvent | undefined {
	const event = isRecord(body) ? readBody(body) : undefined;
	return event && { ...event, eventId: eventIdOf(event, rawBody) };
}
