import type { IDataObject } from 'n8n-workflow';
import { outcomeOf, talkSeconds } from './callOutcome';
import { beginningWith, pick } from './http/responseReaders';

/** The fields of a simplified call, in order: first what most users need, then what the node itself did, then what identifies the call. */
const SHOWN_FIELDS = [
	'outcome',
	'answered',
	'durationSeconds',
	'summary',
	'to',
	'callId',
	'roomId',
	'recordingUrl',
	'transcript',
	'missing',
	'timedOut',
	'hungUpAtTimeout',
	'endError',
	'error',
	'event',
	'alreadyOver',
	'alreadyStarted',
	'differs',
	'reason',
	'reasonCode',
	'callableFrom',
	'lastCallId',
	'lastCallAt',
	'request',
	'from',
	'direction',
	'roomSessionId',
	'status',
	'start',
	'end',
	'metadata',
];

/** The names in the output, by the names that some of the API's responses use in their place (docs/dev/api-truth.md, Calls). */
const PLAIN_NAMES: Readonly<Record<string, string>> = {
	id: 'callId',
	sipCallTo: 'to',
	sipCallFrom: 'from',
	type: 'direction',
	// Everywhere else, `sessionId` is the ID of an agent session, and here it's that of the room's session.
	sessionId: 'roomSessionId',
};

/** @returns the call with the names of the output for its fields. An `id` that differs from `callId` stays */
function withPlainNames({ ...call }: IDataObject): IDataObject {
	for (const [alias, name] of Object.entries(PLAIN_NAMES)) {
		if (!call[alias]) continue;
		call[name] ||= call[alias];
		if (call[name] === call[alias]) delete call[alias];
	}
	return call;
}

/**
 * Adds to a call, as the API returned it, how it went, and puts its fields into the order of the output. All fields stay, but no value
 * under two names. A call that is described twice stays the same, so that fields can be added in between.
 */
export function describeCall(call: IDataObject): IDataObject {
	const record = withPlainNames(call);
	const { outcome, answered } = outcomeOf(record);
	const durationSeconds = talkSeconds(record, outcome, answered);
	return beginningWith(SHOWN_FIELDS, { ...record, outcome, answered, durationSeconds });
}

/**
 * @param call as `describeCall` makes it. A simplified call must not be described again, because it has no timelog
 * @returns the simplified call
 */
export function simplifyCall(call: IDataObject): IDataObject {
	return pick(call, SHOWN_FIELDS);
}
