import type { IDataObject } from 'n8n-workflow';
import { beginningWith, isRecord, msOf, pick } from './http/responseReaders';

/** How a call went, for a Switch node. `running`: it isn't over, as far as is known. */
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
 * How a call went, by the status with which it ended. The statuses are those of `@videosdk.live/server-sdk` 0.1.1 (SipCallStatus), and
 * those of VideoSDK's agents framework and docs besides (`busy`, `no-answer`, `completed`; docs/dev/api-truth.md). `unclear`: the status
 * doesn't tell whether someone had picked up.
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

const RINGING = ['incoming', 'ringing'];
const BEFORE_ANSWER = ['initiated', 'verified', ...RINGING];
/** The statuses that only an answered call can have, because only someone who is talking can be transferred or moved to another room. */
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

/** A call that ended within this time, and for which no phone rang, counts as failed. */
const SHORTEST_CALL_MS = 5_000;

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

/** @returns the status as the SDK spells it. The docs have it in upper case, with underscores */
export function plainStatus(status: unknown): string {
	return String(status ?? '')
		.trim()
		.toLowerCase()
		.replace(/[_\s]+/g, '-');
}

/** @returns the call with the names of the output for its fields. An `id` that differs from `callId` stays */
function withPlainNames({ ...call }: IDataObject): IDataObject {
	for (const [alias, name] of Object.entries(PLAIN_NAMES)) {
		if (!call[alias]) continue;
		call[name] ||= call[alias];
		if (call[name] === call[alias]) delete call[alias];
	}
	return call;
}

/** @returns the entries of a call's timelog, in order */
export function timelogOf({ timelog }: IDataObject): IDataObject[] {
	return Array.isArray(timelog) ? (timelog as unknown[]).filter(isRecord) : [];
}

/** @returns the steps of a call by its timelog, in order */
const stepsOf = (call: IDataObject): Array<{ status: string; ms: number }> =>
	timelogOf(call).map(({ status, timestamp }) => ({ status: plainStatus(status), ms: msOf(timestamp) }));

/**
 * Decides how a call ended. It's the only place that decides whether a call is over.
 *
 * An `end` under a status that isn't listed above is an end as well (`unknown`), because VideoSDK's own programs decide by it
 * (docs/dev/api-truth.md, Calls). Where the call can be polled again, PendingConversation confirms it first.
 *
 * @returns undefined if the call isn't over
 */
export function endOf({ status, end }: { status?: unknown; end?: unknown }) {
	const plain = plainStatus(status);
	return END_BY_STATUS.get(plain) ?? (end && !isKnownStatus(plain) ? 'unknown' : undefined);
}

/** @returns whether a call is over */
export const isCallOver = (call: Parameters<typeof endOf>[0]): boolean => endOf(call) !== undefined;

/**
 * Decides by the timelog how a call went whose status doesn't tell. In doubt, it counts as answered, so that a workflow that calls again
 * whoever didn't answer doesn't call someone who did.
 */
function outcomeByTimelog(call: IDataObject): 'answered' | 'failed' | 'noAnswer' {
	const status = plainStatus(call.status);
	const steps = stepsOf(call).map((entry) => entry.status);
	// Someone may have picked up at a step that isn't listed.
	if (steps.some((step) => SINCE_ANSWER.includes(step) || (step !== status && !isKnownStatus(step)))) {
		return 'answered';
	}
	if (steps.some((step) => RINGING.includes(step))) {
		// A timelog without the end lags behind. The entry for an end with an unknown status can't be recognized, so it isn't required.
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
	const steps = [plainStatus(call.status), ...stepsOf(call).map(({ status }) => status)];
	const isAnswerKnown = steps.some((step) => SINCE_ANSWER.includes(step));
	return { outcome, answered: isAnswerKnown && (outcome === 'running' || outcome === 'failed') };
}

/** @returns how long people talked, in seconds; null if the call isn't over, wasn't answered, or the record doesn't tell */
function talkSeconds(call: IDataObject, outcome: CallOutcome, answered: boolean): number | null {
	if (!answered || outcome === 'running') return null;
	const timelog = stepsOf(call);
	const answerMs = timelog.find(({ status }) => status === 'answered')?.ms;
	const loggedEndMs = timelog.find(({ status }) => END_BY_STATUS.has(status))?.ms;
	const endMs = call.end ? msOf(call.end) : loggedEndMs;
	const seconds = Math.round(((endMs ?? NaN) - (answerMs ?? NaN)) / 1000);
	return seconds >= 0 ? seconds : null;
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
 * @returns whether a phone may have rung, because a call that failed before that has reached no one.
 * @param call as `describeCall` makes it
 */
export function mayHaveRung(call: IDataObject): boolean {
	if (call.outcome !== 'failed' || call.answered === true) return true;
	return stepsOf(call).some(({ status }) => RINGING.includes(status));
}

/**
 * @param call as `describeCall` makes it. A simplified call must not be described again, because it has no timelog
 * @returns the simplified call
 */
export function simplifyCall(call: IDataObject): IDataObject {
	return pick(call, SHOWN_FIELDS);
}
