import type { IDataObject } from 'n8n-workflow';
import { describeCall, OUTCOME_BY_STATUS, plainStatus, simplifyCall } from '../api/callRecord';
import { CALLS, getCall, requestCallEnd } from '../api/calls';
import type { Send } from '../api/client';
import type { ListRequest } from '../api/pagination';
import { describeSession, getSession, isSessionOver, requestSessionEnd, SESSIONS } from '../api/sessions';

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
	/** How far a conversation has come: from FINAL on it is over, and the higher stage wins against another end. */
	stageOf: (record: IDataObject) => number;
	/** Puts what people look for first, see `describeCall`. */
	describe: (record: IDataObject) => IDataObject;
	/** Makes of a described record the output with Simplify. */
	simplify: (described: IDataObject) => IDataObject;
}

/** The first stage of what is over. */
export const FINAL = 10;
/** Ends of sessions, the one that counts least first. */
const SESSION_STAGES = ['queued', 'running', 'stopping'];
const SESSION_ENDS = ['failed', 'completed', 'stopped'];
/** Of two ends that contradict each other, the later in this list counts: no one who was talked to may be called again. */
const CALL_ENDS = ['failed', 'noAnswer', 'rejected', 'answered', 'transferred'];

const session: Kind = {
	idField: 'sessionId',
	one: 'session',
	endedField: 'endedAtTimeout',
	get: getSession,
	requestEnd: requestSessionEnd,
	list: SESSIONS,
	// The list adds the resume URL with its token, and the metadata under another name.
	fromRow: ({ webhook: _webhook, metadata: _metadata, ...row }) => row,
	stageOf: (record) =>
		isSessionOver(record)
			? FINAL + SESSION_ENDS.indexOf(String(record.status).toLowerCase())
			: 1 + SESSION_STAGES.indexOf(String(record.status).toLowerCase()),
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
	fromRow: ({ gatewayName: _gatewayName, ruleName: _ruleName, ...row }) => row,
	stageOf: (record) => {
		const outcome = OUTCOME_BY_STATUS.get(plainStatus(record.status));
		if (outcome === undefined) return describeCall(record).answered ? 2 : 1;
		return FINAL + CALL_ENDS.indexOf(outcome);
	},
	describe: describeCall,
	simplify: simplifyCall,
};

/** By the names that waiting executions have stored. */
export const KINDS = { session, call } satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
