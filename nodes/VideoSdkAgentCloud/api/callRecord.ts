import type { IDataObject } from 'n8n-workflow';
import { beginningWith, isRecord, msOf, pick } from './http/responseReaders';

/** How a call went, for a Switch node. `running`: not over, as far as is known. */
export const CALL_OUTCOMES = [
	'answered',
	'noAnswer',
	'rejected',
	'failed',
	'transferred',
	'running',
] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/**
 * How a call went, by the status in which it is over: those of `@videosdk.live/server-sdk` 0.1.1 (SipCallStatus), of its agents
 * framework (`busy`, `no-answer`, `completed`), and `completed` of the API's documentation. `unclear`: the status doesn't tell whether
 * someone had picked up.
 */
const END_BY_STATUS: ReadonlyMap<string, Exclude<CallOutcome, 'running'> | 'unclear'> = new Map([
	['abandoned', 'noAnswer'],
	['busy', 'noAnswer'],
	['canceled', 'noAnswer'],
	['cancelled', 'noAnswer'],
	['completed', 'answered'],
	['ended', 'unclear'],
	['failed', 'failed'],
	['missed', 'noAnswer'],
	['no-answer', 'noAnswer'],
	['not-answered', 'noAnswer'],
	['rejected', 'rejected'],
	['transferred', 'transferred'],
]);

/** The statuses of a phone that rings. */
const RINGING = ['incoming', 'ringing'];
/** The statuses of a call that was not answered yet. */
const BEFORE_ANSWER = ['initiated', 'verified', ...RINGING];
/** The statuses that only a call has that was answered: a transfer, or a change of room, of someone who is talking. */
const SINCE_ANSWER = [
	'answered',
	'switch-room-completed',
	'switch-room-failed',
	'switch-room-initiated',
	'transfer-accepted',
	'transfer-failed',
	'transfer-initiated',
	'transfer-ringing',
	'transferred',
	'transferring',
];
const isKnownStatus = (status: string): boolean =>
	END_BY_STATUS.has(status) || BEFORE_ANSWER.includes(status) || SINCE_ANSWER.includes(status);

/** A call that is over after so short a time, and rang nowhere, was not made. */
const SHORTEST_CALL_MS = 5_000;

/** The fields of a simplified call, in order: what people look for, what the node itself did, and what identifies the call. */
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

/** Names that the API's answers use, and the names in the output. Some answers have one, some the other. */
const PLAIN_NAMES: Readonly<Record<string, string>> = {
	id: 'callId',
	sipCallTo: 'to',
	sipCallFrom: 'from',
	type: 'direction',
	// Not the agent session's, which the same name stands for everywhere else.
	sessionId: 'roomSessionId',
};

/** @returns the status as the SDK spells it: docs have upper case */
export function plainStatus(status: unknown): string {
	return String(status ?? '')
		.trim()
		.toLowerCase()
		.replace(/[_\s]+/g, '-');
}

/** @returns a call with plain names for its fields, however the API has named them; a different `id` stays */
function withPlainNames({ ...call }: IDataObject): IDataObject {
	for (const [alias, name] of Object.entries(PLAIN_NAMES)) {
		if (!call[alias]) continue;
		call[name] ||= call[alias];
		if (call[name] === call[alias]) delete call[alias];
	}
	return call;
}

/** The entries of a call's timelog, in order. */
function timelogOf({ timelog }: IDataObject): Array<{ status: string; ms: number }> {
	return (Array.isArray(timelog) ? timelog : [])
		.filter(isRecord)
		.map(({ status, timestamp }) => ({ status: plainStatus(status), ms: msOf(timestamp) }));
}

/**
 * How a call ended. The only place that decides whether a call is over.
 *
 * A set `end` under a status that is not listed above is an end, too (`unknown`): VideoSDK's own programs decide by it. Who can look again
 * makes sure of that first (`Awaited`).
 *
 * @returns undefined if the call is not over
 */
export function endOf({ status, end }: { status?: unknown; end?: unknown }) {
	const plain = plainStatus(status);
	return END_BY_STATUS.get(plain) ?? (end && !isKnownStatus(plain) ? 'unknown' : undefined);
}

/** @returns whether a call is over */
export const isCallOver = (call: Parameters<typeof endOf>[0]): boolean => endOf(call) !== undefined;

/**
 * Tells how a call went whose status doesn't. When in doubt it counts as answered: a workflow that calls again whoever did not answer
 * must not call someone who did.
 */
function outcomeByTimelog(call: IDataObject): 'answered' | 'failed' | 'noAnswer' {
	const status = plainStatus(call.status);
	const steps = timelogOf(call).map((entry) => entry.status);
	// Someone may have picked up at a step that isn't listed.
	if (steps.some((step) => SINCE_ANSWER.includes(step) || (step !== status && !isKnownStatus(step)))) {
		return 'answered';
	}
	if (steps.some((step) => RINGING.includes(step))) {
		// A timelog that doesn't reach to the end lags behind. Where the end of an unknown status is logged, no one knows.
		const isWhole = !isKnownStatus(status) || steps.some((step) => END_BY_STATUS.has(step));
		return isWhole ? 'noAnswer' : 'answered';
	}
	const lastedMs = msOf(call.end) - msOf(call.start);
	return lastedMs >= 0 && lastedMs < SHORTEST_CALL_MS ? 'failed' : 'answered';
}

/** @returns how a call went, and whether someone has picked up */
function outcomeOf(call: IDataObject): { outcome: CallOutcome; answered: boolean } {
	const end = endOf(call) ?? 'running';
	const outcome = end === 'unclear' || end === 'unknown' ? outcomeByTimelog(call) : end;
	if (outcome === 'answered' || outcome === 'transferred') return { outcome, answered: true };
	const steps = [plainStatus(call.status), ...timelogOf(call).map(({ status }) => status)];
	const isAnswerKnown = steps.some((step) => SINCE_ANSWER.includes(step));
	return { outcome, answered: isAnswerKnown && (outcome === 'running' || outcome === 'failed') };
}

/** @returns how long the talk was, in seconds; null if the call is not over, was not answered, or the API does not tell */
function talkSeconds(call: IDataObject, outcome: CallOutcome, answered: boolean): number | null {
	if (!answered || outcome === 'running') return null;
	const timelog = timelogOf(call);
	const answerMs = timelog.find(({ status }) => status === 'answered')?.ms;
	const loggedEndMs = timelog.find(({ status }) => END_BY_STATUS.has(status))?.ms;
	const endMs = call.end ? msOf(call.end) : loggedEndMs;
	const seconds = Math.round(((endMs ?? NaN) - (answerMs ?? NaN)) / 1000);
	return seconds >= 0 ? seconds : null;
}

/**
 * Adds to a call, as the API returned it, how it went, with the fields in the order of the output. It keeps the whole record, without the
 * same value under two names. Described again, a call stays as it is, so that something can be added to it.
 */
export function describeCall(call: IDataObject): IDataObject {
	const record = withPlainNames(call);
	const { outcome, answered } = outcomeOf(record);
	const durationSeconds = talkSeconds(record, outcome, answered);
	return beginningWith(SHOWN_FIELDS, { ...record, outcome, answered, durationSeconds });
}

/** @returns whether a call may have rung: what failed before has reached no one. @param call as `describeCall` makes it */
export function mayHaveRung(call: IDataObject): boolean {
	if (call.outcome !== 'failed' || call.answered === true) return true;
	return timelogOf(call).some(({ status }) => RINGING.includes(status));
}

/**
 * @param call as `describeCall` makes it. A simplified call must not be described again: it has no timelog any more
 * @returns the simplified call
 */
export function simplifyCall(call: IDataObject): IDataObject {
	return pick(call, SHOWN_FIELDS);
}
