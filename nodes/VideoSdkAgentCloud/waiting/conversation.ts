import type { IDataObject } from 'n8n-workflow';
import { describeCall, simplifyCall } from '../api/callRecord';
import { CALLS, endCall, getCall, isCallOver } from '../api/calls';
import type { Send } from '../api/client';
import type { ListRequest } from '../api/pagination';
import { bareSessionId } from '../api/sessionId';
import { describeSession } from '../api/sessionRecord';
import { endSession, getSession, hasStatus, SESSIONS, TERMINAL_STATUSES } from '../api/sessions';
import { type ReceivedEvent, shortEventName } from '../webhook/event';

/** What an event says about the awaited conversations: the ID of the one it concerns and, if that one has ended, how. */
export interface EventNews {
	id: string;
	endEvent?: string;
	/** It may have ended, which the API decides. */
	isHint?: boolean;
}

/** A conversation that an execution can wait for. Everything that differs between sessions and calls is here. */
export interface Conversation {
	/** The field of a record that identifies it. */
	idField: string;
	/** Fetches its current record. */
	get: (send: Send, id: string) => Promise<IDataObject>;
	/** The list that contains it. */
	list: ListRequest;
	/** Makes a row of the list equal to what `get` returns. */
	fromRow: (row: IDataObject) => IDataObject;
	/** Ends it. */
	end: (send: Send, id: string) => Promise<IDataObject>;
	/** @returns what the output says besides the record if it has ended; undefined if it is still running */
	endOf: (record: IDataObject) => IDataObject | undefined;
	/** Puts what the user looks for first, see `describeCall`. */
	describe: (item: IDataObject) => IDataObject;
	/** Makes of a described item what comes out with Simplify. Default: the whole record comes out */
	simplify?: (item: IDataObject) => IDataObject;
	/** The output's field that says whether it was ended at the deadline. */
	endedField: string;
	/** @returns undefined if a verified event is about none of these items */
	newsOf: (event: ReceivedEvent, awaited: IDataObject[]) => EventNews | undefined;
}

const END_EVENTS = ['stopped', 'failed'];

const session: Conversation = {
	idField: 'sessionId',
	get: getSession,
	list: SESSIONS,
	// The list adds the resume URL with its token, and the metadata under another name.
	fromRow: ({ webhook: _webhook, metadata: _metadata, ...row }) => row,
	end: endSession,
	endOf: (record) =>
		hasStatus(record, TERMINAL_STATUSES)
			? { event: hasStatus(record, ['failed']) ? 'failed' : 'stopped' }
			: undefined,
	describe: describeSession,
	endedField: 'endedAtTimeout',
	newsOf({ webhookType, sessionId }, awaited) {
		const ids = awaited.map((item) => String(item.sessionId));
		const id = ids.find((candidate) => bareSessionId(candidate) === sessionId);
		const name = shortEventName(webhookType) ?? '';
		return id === undefined ? undefined : { id, endEvent: END_EVENTS.includes(name) ? name : undefined };
	},
};

const call: Conversation = {
	idField: 'callId',
	get: getCall,
	list: CALLS,
	fromRow: (row) => row,
	end: endCall,
	endOf: (record) => (isCallOver(record) ? {} : undefined),
	describe: describeCall,
	simplify: simplifyCall,
	endedField: 'hungUpAtTimeout',
	newsOf({ event, roomId }, awaited) {
		// Events of calls go to triggers. The room that was created for a call sends its own event here.
		if (event !== 'session-ended' || roomId === undefined) return undefined;
		const item = awaited.find((candidate) => candidate.roomId === roomId);
		return item && { id: String(item.callId), isHint: true };
	},
};

/** By the names that waiting executions have stored. */
export const CONVERSATIONS = { session, call } satisfies Record<string, Conversation>;

export type ConversationKind = keyof typeof CONVERSATIONS;
