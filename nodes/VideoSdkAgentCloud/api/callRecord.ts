import type { IDataObject } from 'n8n-workflow';
import { beginningWith, isRecord, msOf, pick } from './answer';

/** How a call went, for a Switch node. `running`: not over, as far as is known. */
export type CallOutcome = 'answered' | 'noAnswer' | 'rejected' | 'failed' | 'transferred' | 'running';

/**
 * How a call went, by the status in which it is over. The statuses are those of `@videosdk.live/server-sdk` 0.1.1 (SipCallStatus),
 * and `completed`, which is `ended` in older samples of the API's documentation. A status that is not listed, such as a failed
 * transfer or one that is new, is not an end: the call is still running.
 */
export const OUTCOME_BY_STATUS: ReadonlyMap<string, CallOutcome> = new Map([
	['abandoned', 'noAnswer'],
	['completed', 'answered'],
	['ended', 'answered'],
	['failed', 'failed'],
	['missed', 'noAnswer'],
	['not-answered', 'noAnswer'],
	['rejected', 'rejected'],
	['transferred', 'transferred'],
]);

/** The statuses of a call that was not answered yet. */
const BEFORE_ANSWER = ['incoming', 'initiated', 'ringing', 'verified'];
/** How the statuses begin that only a call has that was answered: a transfer, or a change of room, of someone who is talking. */
const SINCE_ANSWER = /^(?:answered|transfer|switch-room)/;

/** The fields of a simplified call, in order: what people look for, what the node itself did, and what identifies the call. */
const SHOWN_FIELDS = [
	...['outcome', 'answered', 'durationSeconds', 'summary', 'to', 'callId'],
	...['roomId', 'recordingUrl', 'transcript', 'missing'],
	...['timedOut', 'hungUpAtTimeout', 'endError', 'error', 'event', 'alreadyOver', 'reason', 'context'],
	...['from', 'type', 'sessionId', 'status', 'start', 'end', 'metadata'],
];

/** The names that some answers use for a call's ID and numbers, and the names in the output. */
const PLAIN_NAMES: Readonly<Record<string, string>> = { id: 'callId', sipCallTo: 'to', sipCallFrom: 'from' };

/** @returns the status as the SDK spells it: docs have upper case */
export function plainStatus(status: unknown): string {
	return String(status ?? '')
		.trim()
		.toLowerCase()
		.replace(/[_\s]+/g, '-');
}

/** @returns a call whose ID and numbers have one name each, however the API has spelled them; a different `id` stays */
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
 * Tells how a call went.
 *
 * A call that was hung up while it rang is `ended`, too. It is `noAnswer` if its timelog shows how it began and how it ended, and no
 * answer. A timelog that doesn't reach to the end, or has a status that isn't listed above, says nothing of it, and the call counts as
 * answered: a workflow that calls again whoever did not answer must not call someone who did.
 *
 * @returns the outcome, and whether someone has picked up
 */
function outcomeOf(call: IDataObject): { outcome: CallOutcome; answered: boolean } {
	const status = plainStatus(call.status);
	const steps = timelogOf(call).map((entry) => entry.status);
	const isAnswerKnown = [status, ...steps].some((step) => SINCE_ANSWER.test(step));
	const outcome = OUTCOME_BY_STATUS.get(status) ?? 'running';
	const hasBegun = steps.some((step) => BEFORE_ANSWER.includes(step));
	const hasEnded = steps.some((step) => OUTCOME_BY_STATUS.has(step));
	const isListed = (step: string) => BEFORE_ANSWER.includes(step) || OUTCOME_BY_STATUS.has(step);
	if (outcome === 'answered' && !isAnswerKnown && hasBegun && hasEnded && steps.every(isListed)) {
		return { outcome: 'noAnswer', answered: false };
	}
	const isTalk = outcome === 'answered' || outcome === 'transferred';
	return { outcome, answered: isTalk || (isAnswerKnown && (outcome === 'running' || outcome === 'failed')) };
}

/** @returns how long the talk was, in seconds; null if the call is not over, was not answered, or the API does not tell */
function talkSeconds(call: IDataObject, outcome: CallOutcome, answered: boolean): number | null {
	if (!answered || outcome === 'running') return null;
	const timelog = timelogOf(call);
	const answerMs = timelog.find(({ status }) => status === 'answered')?.ms;
	const loggedEndMs = timelog.find(({ status }) => OUTCOME_BY_STATUS.has(status))?.ms;
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

/**
 * @param call as `describeCall` makes it. A simplified call must not be described again: it has no timelog any more
 * @returns the simplified call
 */
export function simplifyCall(call: IDataObject): IDataObject {
	return pick(call, SHOWN_FIELDS);
}
