import type { IDataObject } from 'n8n-workflow';
import { omit } from '../api/http/responseReaders';
import { describeCall, endOf, simplifyCall } from '../api/callRecord';
import { CALLS, getCall, requestCallEnd } from '../api/calls';
import type { Send } from '../api/http/client';
import type { ListRequest } from '../api/http/pagination';
import {
	describeSession,
	getSession,
	requestSessionEnd,
	SESSIONS,
	type SessionStatus,
} from '../api/sessions';

/** A kind of conversation: all that differs between sessions and calls. */
export interface Kind {
	/** The field of a record that identifies it. */
	idField: 'callId' | 'sessionId';
	/** In messages. */
	one: 'call' | 'session';
	/** The output's field that says whether n8n's request has ended it at Max Wait. */
	endedField: 'endedAtTimeout' | 'hungUpAtTimeout';
	get: (send: Send, id: string) => Promise<IDataObject>;
	/** Asks to end it, by one request. An end that is sent twice does no harm. */
	requestEnd: (send: Send, id: string) => Promise<IDataObject>;
	list: ListRequest;
	/** Makes a row of the list equal to what `get` returns. */
	fromRow: (row: IDataObject) => IDataObject;
	/**
	 * How far a conversation has come: from FINAL on it is over, and the higher stage wins against another end.
	 *
	 * @param isConfirmed whether an end with an unknown status counts
	 */
	stageOf: (record: IDataObject, isConfirmed?: boolean) => number;
	/** Puts what people look for first, see `describeCall`. */
	describe: (record: IDataObject) => IDataObject;
	/** Makes of a described record the output with Simplify. */
	simplify: (described: IDataObject) => IDataObject;
}

/** The first stage of what is over. */
export const FINAL = 10;
/** A session in a status that isn't listed is at 0. */
const SESSION_STAGES: Readonly<Record<string, number>> = {
	queued: 1,
	running: 2,
	stopping: 3,
	failed: FINAL,
	completed: FINAL + 1,
	stopped: FINAL + 2,
} satisfies Record<SessionStatus, number>;
/** Of two ends that contradict each other, the higher one counts: no one who was talked to may be called again. */
const CALL_ENDS: Record<NonNullable<ReturnType<typeof endOf>>, number> = {
	unknown: FINAL,
	failed: FINAL + 1,
	noAnswer: FINAL + 2,
	rejected: FINAL + 3,
	unclear: FINAL + 4,
	answered: FINAL + 5,
	transferred: FINAL + 6,
};

const session: Kind = {
	idField: 'sessionId',
	one: 'session',
	endedField: 'endedAtTimeout',
	get: getSession,
	requestEnd: requestSessionEnd,
	list: SESSIONS,
	// The list adds the resume URL with its token, and the metadata under another name.
	fromRow: (row) => omit(row, ['webhook', 'metadata']),
	stageOf: (record) => SESSION_STAGES[String(record.status).toLowerCase()] ?? 0,
	describe: describeSession,
	simplify: (described) => described,
};

const call: Kind = {
	idField: 'callId',
	one: 'call',
	endedField: 'hungUpAtTimeout',
	get: getCall,
	requestEnd: requestCallEnd,
	list: CALLS,
	// The list adds these names.
	fromRow: (row) => omit(row, ['gatewayName', 'ruleName']),
	stageOf: (record, isConfirmed = false) => {
		const end = endOf(record);
		if (end === undefined || (end === 'unknown' && !isConfirmed)) {
			return describeCall({ ...record, end: null }).answered ? 2 : 1;
		}
		return CALL_ENDS[end];
	},
	describe: describeCall,
	simplify: simplifyCall,
};

/** By the names that waiting executions have stored. */
export const KINDS = { session, call } satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
