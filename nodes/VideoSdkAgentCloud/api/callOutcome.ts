/** How a call went. */
import type { IDataObject } from 'n8n-workflow';
import { isRecord, msOf } from './http/responseReaders';

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

/** The outcome of an item that was to call: also if no call was made, or it isn't known whether one was. */
export type ItemOutcome = CallOutcome | 'inDoubt' | 'notCalled';

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

/** @returns the status as the SDK spells it. The docs have it in upper case, with underscores */
export function plainStatus(status: unknown): string {
	return String(status ?? '')
		.trim()
		.toLowerCase()
		.replace(/[_\s]+/g, '-');
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
export function outcomeOf(call: IDataObject): { outcome: CallOutcome; answered: boolean } {
	const end = endOf(call) ?? 'running';
	const outcome = end === 'unclear' || end === 'unknown' ? outcomeByTimelog(call) : end;
	if (outcome === 'answered' || outcome === 'transferred') return { outcome, answered: true };
	const steps = [plainStatus(call.status), ...stepsOf(call).map(({ status }) => status)];
	const isAnswerKnown = steps.some((step) => SINCE_ANSWER.includes(step));
	return { outcome, answered: isAnswerKnown && (outcome === 'running' || outcome === 'failed') };
}

/** @returns how long people talked, in seconds; null if the call isn't over, wasn't answered, or the record doesn't tell */
export function talkSeconds(call: IDataObject, outcome: CallOutcome, answered: boolean): number | null {
	if (!answered || outcome === 'running') return null;
	const timelog = stepsOf(call);
	const answerMs = timelog.find(({ status }) => status === 'answered')?.ms;
	const loggedEndMs = timelog.find(({ status }) => END_BY_STATUS.has(status))?.ms;
	const endMs = call.end ? msOf(call.end) : loggedEndMs;
	const seconds = Math.round(((endMs ?? NaN) - (answerMs ?? NaN)) / 1000);
	return seconds >= 0 ? seconds : null;
}

/**
 * @returns whether a phone may have rung, because a call that failed before that has reached no one.
 * @param call as `describeCall` makes it
 */
export function mayHaveRung(call: IDataObject): boolean {
	if (call.outcome !== 'failed' || call.answered === true) return true;
	return stepsOf(call).some(({ status }) => RINGING.includes(status));
}
