import type { IDataObject } from 'n8n-workflow';
import { omit } from '../api/http/responseReaders';
import { endOf } from '../api/callOutcome';
import { describeCall, simplifyCall } from '../api/callRecord';
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

/** A kind of conversation. It holds all that differs between sessions and calls. */
export interface Kind {
	/** The field of a record that identifies it. */
	idField: 'callId' | 'sessionId';
	one: 'call' | 'session';
	/** The field of the output that says whether n8n's request has ended it at Max Wait. */
	endedField: 'endedAtTimeout' | 'hungUpAtTimeout';
	get: (send: Send, id: string) => Promise<IDataObject>;
	/** Sends one request to end it. It may be sent twice, because that does no harm. */
	requestEnd: (send: Send, id: string) => Promise<IDataObject>;
	list: ListRequest;
	/** Turns a row of the list into the record that `get` returns. */
	fromRow: (row: IDataObject) => IDataObject;
	/**
	 * Returns how far a conversation has come. From FINAL on, it's over, and of two ends, the one with the higher stage counts.
	 *
	 * @param isConfirmed whether an end with an unknown status counts
	 */
	stageOf: (record: IDataObject, isConfirmed?: boolean) => number;
	/** Adds how it went, and puts the fields that most users need first, see `describeCall`. */
	describe: (record: IDataObject) => IDataObject;
	/** Makes the output with Simplify of a described record. */
	simplify: (described: IDataObject) => IDataObject;
}

/** The lowest stage of a conversation that is over. */
export const FINAL = 10;
/** The stages of sessions. A status that isn't listed has stage 0. */
const SESSION_STAGES: Readonly<Record<string, number>> = {
	queued: 1,
	running: 2,
	stopping: 3,
	failed: FINAL,
	completed: FINAL + 1,
	stopped: FINAL + 2,
} satisfies Record<SessionStatus, number>;
/** The stages of the ends of calls. Of two that contradict each other, the higher one counts, so that no one who talked is called again. */
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
	// Only rows of the list have the webhook, whose resume URL holds a token, and `metadata` (docs/dev/api-truth.md, Lists).
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
	// Only rows of the list have these fields (docs.videosdk.live, sip/calls/fetch-all-calls).
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

/** The kinds by the names that waiting executions store. */
export const KINDS = { session, call } satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
