import { type IDataObject } from 'n8n-workflow';
import { getCall } from '../api/calls';
import { type Send } from '../api/client';
import { getSession } from '../api/sessions';
import { isCallEvent, shortEventName } from '../webhook/event';

/** What is added to events. */
export interface Details {
	session: boolean;
	call: boolean;
}

/** What an event is about, and the field of the output under which its record is added. */
export interface Subject {
	field: 'session' | 'call';
	id: string;
	fetch(send: Send): Promise<IDataObject>;
}

/** @returns the event's session or call; undefined if it names none, and for the events of rooms */
export function subjectOf(event: IDataObject): Subject | undefined {
	const { webhookType, sessionId, callId } = event;
	if (shortEventName(String(webhookType)) !== undefined && sessionId) {
		const id = String(sessionId);
		return { field: 'session', id, fetch: async (send) => await getSession(send, id) };
	}
	if (isCallEvent(String(event.event)) && callId) {
		const id = String(callId);
		return { field: 'call', id, fetch: async (send) => await getCall(send, id) };
	}
	return undefined;
}
