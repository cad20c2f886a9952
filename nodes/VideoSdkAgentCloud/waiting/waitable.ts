import type { IDataObject } from 'n8n-workflow';
import { CALL_TERMINAL_STATUSES, CALLS, endCall, getCall, hasCallStatus } from '../api/calls';
import type { Send } from '../api/client';
import type { ListRequest } from '../api/pagination';
import { endSession, getSession, hasStatus, SESSIONS, TERMINAL_STATUSES } from '../api/sessions';

/** Something that runs at VideoSDK and that an execution can wait for. */
export interface Waitable {
	/** The field of a record that identifies it. */
	idField: string;
	/** Fetches it in its current state. */
	get: (send: Send, id: string) => Promise<IDataObject>;
	/** The list in which it is found. */
	list: ListRequest;
	/** Makes a row of the list what `get` gives. */
	fromRow: (row: IDataObject) => IDataObject;
	/** Ends it. */
	end: (send: Send, id: string) => Promise<IDataObject>;
	/** @returns what the output says besides the record if it has ended; undefined if it goes on */
	endOf: (record: IDataObject) => IDataObject | undefined;
	/** The field of the output that tells whether it was ended at the deadline. */
	endedField: string;
}

const session: Waitable = {
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
	endedField: 'endedAtTimeout',
};

const call: Waitable = {
	idField: 'callId',
	get: getCall,
	list: CALLS,
	fromRow: (row) => row,
	end: endCall,
	endOf: (record) => (hasCallStatus(record, CALL_TERMINAL_STATUSES) ? {} : undefined),
	endedField: 'hungUpAtTimeout',
};

/** What executions can wait for, by the names under which waiting executions hold it. */
export const WAITABLES = { session, call } satisfies Record<string, Waitable>;

export type WaitableKind = keyof typeof WAITABLES;

/** @returns the IDs of what an execution waits for; those that had ended before are not marked as timed out */
export function idsOfWaiting(kind: WaitableKind, items: IDataObject[]): string[] {
	const { idField } = WAITABLES[kind];
	const waiting = items.filter(({ timedOut }) => timedOut === true);
	return [...new Set(waiting.map((item) => String(item[idField])))];
}
