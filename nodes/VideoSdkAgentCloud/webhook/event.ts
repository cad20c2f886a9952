import { createHash } from 'crypto';
import { type IDataObject } from 'n8n-workflow';
import { asRecord, isRecord, pick } from '../api/http/responseReaders';
import { bareSessionId } from '../api/sessionId';
import { CALL_SUMMARY, eventName, isCallEvent, onceBy } from './eventNames';

export * from './eventNames';

/** A verified event, in the shape of the trigger's output. */
export interface ReceivedEvent {
	/** The name of the event (`eventName`); the name as received if the trigger doesn't know it. */
	event: string;
	webhookType: string;
	/** The ID of the agent session or, in an event of a call or room, of the room's session, without the prefix `session-`; empty: none. */
	sessionId: string;
	callId?: string;
	roomId?: string;
	data: IDataObject;
	/** An ID that is the same for each delivery of the same event. */
	eventId: string;
}

/** @returns the first candidate that is a text that isn't blank, or a whole number, as trimmed text */
export function firstText(...candidates: unknown[]): string | undefined {
	const texts = candidates.map((candidate) =>
		typeof candidate === 'string' || Number.isSafeInteger(candidate) ? String(candidate).trim() : '',
	);
	return texts.find((text) => text !== '');
}

/** @returns the IDs that an event names, each from the first of its candidates */
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
	// VideoSDK's SDK reads `type` if there is no `webhookType` (@videosdk.live/server-sdk, verifyAndParse).
	const name = [body.webhookType, body.type].find(
		(candidate): candidate is string => typeof candidate === 'string' && candidate !== '',
	);
	// An agent that was made in the dashboard sends a summary after a call. It counts as one unless it has the type of another event.
	const isOther = name !== undefined && name !== CALL_SUMMARY && eventName(name) !== undefined;
	if (!isOther && Object.hasOwn(body, CALL_SUMMARY)) {
		const call = asRecord(body['customer-data']);
		const room = asRecord(body['room-data']);
		const ids = idsOf(room['session-id'], [call.callId], [room['meeting-id']]);
		return { event: CALL_SUMMARY, webhookType: CALL_SUMMARY, ...ids, data: body };
	}
	if (name === undefined) return undefined;
	const beside = Object.keys(body).filter((field) => field !== 'webhookType');
	// Without `data`, the other fields of the body are the data.
	const data = isRecord(body.data) ? body.data : pick(body, beside);
	const event = eventName(name) ?? name;
	const calls = [data.callId, isCallEvent(event) ? data.id : undefined];
	const ids = idsOf(data.sessionId, calls, [data.roomId, data.meetingId]);
	return { event, webhookType: name, ...ids, data };
}

/** @returns whether there is only one such event in each call or session, so that a second delivery is a duplicate */
export function happensOnce({ webhookType }: Pick<ReceivedEvent, 'webhookType'>): boolean {
	return onceBy(webhookType) !== undefined;
}

/**
 * Makes an ID that is the same for each delivery of an event. It's made of the event's name and the ID of its call or session, if the
 * event happens once; otherwise, as for a summary or an event without an ID, of its content.
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
 * @param body the parsed body
 * @param rawBody its bytes as received
 * @returns undefined if it isn't an object with a type or a call summary
 */
export function readEvent(body: unknown, rawBody: Buffer): ReceivedEvent | undefined {
	const event = isRecord(body) ? readBody(body) : undefined;
	return event && { ...event, eventId: eventIdOf(event, rawBody) };
}
