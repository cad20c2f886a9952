import { type IDataObject, type IExecuteFunctions, type IWebhookFunctions } from 'n8n-workflow';
import { isCallOver } from '../api/callOutcome';
import { getCall } from '../api/calls';
import { clientOf, type Send } from '../api/http/client';
import { pause } from '../api/http/pause';
import { getSession, withMetadata } from '../api/sessions';
import { isCallEvent, shortEventName } from '../webhook/event';

/** Which records are added to events. */
export type Details = Record<Subject['field'], boolean>;

/** The call or session that an event is about, and the field of the output to which its record is added. */
export interface Subject {
	field: 'session' | 'call';
	id: string;
	fetch: (send: Send, id: string) => Promise<IDataObject>;
}

/** The events with which a call is over, and the fields that say how it went, as far as the event itself tells. */
const CALL_ENDS = new Map<unknown, IDataObject | undefined>([
	['call-hangup', undefined],
	['call-missed', { outcome: 'noAnswer', answered: false, durationSeconds: null }],
	['call-transferred', { outcome: 'transferred', answered: true, durationSeconds: null }],
]);

/** The time for all polls of a call, because the workflow is better served by the event alone than by waiting for the API. */
const CALL_POLLS_MS = 10_000;
/** The pauses between the polls. VideoSDK may be busy, or return the call as running for a while. */
const CALL_PAUSES_MS = [2_000, 4_000];

/** @returns the event's session or call; undefined if it names neither, and for the events of rooms */
export function subjectOf(event: IDataObject): Subject | undefined {
	const { webhookType, sessionId, callId } = event;
	if (shortEventName(String(webhookType)) !== undefined && sessionId) {
		return { field: 'session', id: String(sessionId), fetch: getSession };
	}
	if (isCallEvent(String(event.event)) && callId) {
		return { field: 'call', id: String(callId), fetch: getCall };
	}
	return undefined;
}

/**
 * Fetches the record of a session or call.
 *
 * @param timeoutMs the time limit for one request, which isn't repeated. Default: as for all requests
 * @param consequence the consequence of a failure, in words for the log
 * @returns the record; null if it can't be fetched
 */
export async function fetchRecord(
	context: IExecuteFunctions | IWebhookFunctions,
	{ field, id, fetch }: Subject,
	timeoutMs?: number,
	consequence = '',
): Promise<IDataObject | null> {
	const sending = timeoutMs === undefined ? {} : { timeoutMs, maxAttempts: 1 };
	return await fetch(clientOf(context, sending), id).catch((error: Error) => {
		context.logger.warn(`VideoSDK Agent Cloud: the ${field} of an event couldn't be fetched${consequence}`, {
			workflowId: context.getWorkflow().id,
			reason: error.message,
		});
		return null;
	});
}

/** @returns a session's record with its metadata, if that can be fetched. Never throws */
async function addMetadata(context: IExecuteFunctions, session: IDataObject): Promise<IDataObject> {
	return await withMetadata(clientOf(context), session).catch((error: Error) => {
		context.logger.warn("VideoSDK Agent Cloud: the metadata of an event's session couldn't be fetched", {
			workflowId: context.getWorkflow().id,
			reason: error.message,
		});
		return session;
	});
}

/**
 * Fetches the record that is added to an event. A session's has its metadata, and a call's is polled up to three times until the call is
 * over.
 *
 * @param early the record that was fetched when the event was received; null if that failed
 * @returns the record; null if it can't be fetched
 */
export async function fetchDetail(
	context: IExecuteFunctions,
	subject: Subject,
	early?: IDataObject | null,
): Promise<IDataObject | null> {
	if (subject.field === 'session') {
		const session = early === undefined ? await fetchRecord(context, subject) : early;
		return session && (await addMetadata(context, session));
	}
	const deadlineMs = Date.now() + CALL_POLLS_MS;
	let record = early ?? null;
	for (const pauseMs of early === undefined ? [0, ...CALL_PAUSES_MS] : CALL_PAUSES_MS) {
		if ((record && isCallOver(record)) || Date.now() + pauseMs >= deadlineMs) break;
		await pause(pauseMs, context.getExecutionCancelSignal());
		record = (await fetchRecord(context, subject, deadlineMs - Date.now())) ?? record;
	}
	return record;
}

/** @returns the call or session whose record is added to an event; undefined if none is added */
export function detailOf(event: IDataObject, details: Details): Subject | undefined {
	const subject = subjectOf(event);
	if (subject === undefined || !details[subject.field]) return undefined;
	return subject.field === 'session' || CALL_ENDS.has(event.event) ? subject : undefined;
}

/**
 * Adds to an event what `details` asks for: the session's record, or how the call went and the call's record.
 *
 * @param record the result of `fetchDetail`; null if it couldn't be fetched. If a call's record still says that it's running, the event
 *   itself counts
 */
export function withDetails(event: IDataObject, details: Details, record?: IDataObject | null): IDataObject {
	if (!details.call || !CALL_ENDS.has(event.event)) return { ...event, ...(record && { session: record }) };
	const { outcome, answered, durationSeconds } = record ?? { outcome: 'running' };
	const result = outcome === 'running' ? CALL_ENDS.get(event.event) : { outcome, answered, durationSeconds };
	return { event: event.event, ...result, ...event, ...(record && { call: record }) };
}
