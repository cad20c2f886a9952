import { createHash } from 'crypto';
import { type IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/answer';
import { CALL_SUMMARY, isCallEvent, shortEventName } from './eventNames';

/** What an event is about, as `ReceivedEvent` names it. */
interface Subject {
	event: string;
	webhookType: string;
	sessionId: string;
	callId?: string;
	roomId?: string;
	data: IDataObject;
}

/** The events of which there is one in each call or session of a room. The others may occur again, even with the same bytes. */
const ONCE = {
	callId: ['call-started', 'call-ringing', 'call-answered', 'call-hangup', 'call-missed'],
	sessionId: ['session-started', 'session-ended'],
};

/** @returns a text that is the same for the same JSON value, in whatever order its members come */
function canonicalJson(value: IDataObject): string {
	return JSON.stringify(value, (_name, member: unknown) =>
		isRecord(member)
			? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
			: member,
	);
}

/** A session goes through each state once, so its ID and the event are the event's identity. */
function onceIn({ event, webhookType, sessionId, callId }: Subject): string | undefined {
	const isOfSession = shortEventName(webhookType) !== undefined || ONCE.sessionId.includes(event);
	const id = isOfSession ? sessionId : ONCE.callId.includes(event) ? callId : undefined;
	return id ? `${id}:${event}` : undefined;
}

function contentOf({ event }: Subject, body: IDataObject, rawBody: Buffer): string | Buffer {
	try {
		return `${event}:${canonicalJson({ ...body, webhookType: undefined, type: undefined })}`;
	} catch {
		// Nested too deeply to be written again.
		return rawBody;
	}
}

/** @returns what tells the event from others: the same for each delivery of it */
export function eventIdOf(subject: Subject, body: IDataObject, rawBody: Buffer): string {
	return createHash('sha256')
		.update(onceIn(subject) ?? contentOf(subject, body, rawBody))
		.digest('hex')
		.slice(0, 32);
}

/** @returns whether the same event may occur again, so that the same bytes do not always mean the same event */
export function isRepeatable(subject: Subject): boolean {
	const isSummary = subject.event === CALL_SUMMARY && subject.callId !== undefined;
	return onceIn(subject) === undefined && !isSummary;
}

/** @returns whether the event says what it happened to, or, as a summary, what was said. Otherwise the same bytes may be the event of another session or call */
export function isIdentified({ event, sessionId, callId, roomId }: Subject): boolean {
	return Boolean(sessionId || callId || roomId) || event === CALL_SUMMARY;
}

/**
 * Tells which events follow each other: a participant's joins and leaves, the events of a session's recording or transcription, those
 * of a call. One that comes again after a different one of its sequence is a new event.
 *
 * @returns undefined if the event does not say what it is about
 */
export function sequenceOf({ event, sessionId, callId, roomId, data }: Subject): string | undefined {
	if (isCallEvent(event)) return callId && `call ${callId}`;
	const [kind] = event.split('-');
	const place = sessionId || roomId;
	if (!place) return undefined;
	if (kind === 'recording' || kind === 'transcription') return `${kind} ${place}`;
	const { participantId } = data;
	return kind === 'participant' && participantId
		? `participant ${place} ${JSON.stringify(participantId)}`
		: undefined;
}

/** By the first word of their names: events that may occur again and follow each other. */
const SEQUENCES = {
	participant: ['participant-joined', 'participant-left'],
	recording: ['recording-started', 'recording-stopped', 'recording-failed'],
	transcription: ['transcription-started', 'transcription-stopped', 'transcription-failed'],
	call: ['call-update', 'call-transferred'],
};

/** @returns the names of the other events in a repeatable event's sequence */
export function othersInSequence(event: string): string[] {
	const names = Object.values(SEQUENCES).find((sequence) => sequence.includes(event)) ?? [];
	return names.filter((name) => name !== event);
}
