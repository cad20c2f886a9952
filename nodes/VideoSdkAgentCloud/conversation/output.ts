import type { IDataObject } from 'n8n-workflow';
import { reasonMissing, showArtifacts } from './artifact';
import type { Kind } from './kinds';
import { describeKnown, type Known, reportedEnd, resultOf } from './known';
import type { WaitPolicy } from './nextStep';

/** An end within this time before Max Wait, by VideoSDK's clock, counts as the end at Max Wait. */
const AT_DEADLINE_MS = 5_000;

/**
 * Makes the record of an output item after a wait: the whole record, its artifacts, and how the wait ended. Nothing else makes one.
 */
export function outputRecord(kind: Kind, known: Known, policy: WaitPolicy): IDataObject {
	const { endedField, idField } = kind;
	const isReported = reportedEnd(known) !== undefined;
	const described = describeKnown(kind, known);
	const reason = reasonMissing(kind, described);
	// The time of the end decides, whoever ended it. If the time isn't known, n8n's own request to end it decides.
	const overAtMs = known.overAtMs ?? (isReported ? Math.min(...Object.values(known.reported)) : undefined);
	const isCut = overAtMs === undefined ? known.ended === true : overAtMs > policy.deadlineMs - AT_DEADLINE_MS;
	// VideoSDK's limit for the call doesn't count after a transfer.
	const talkMs = described.outcome === 'transferred' ? NaN : 1000 * Number(described.durationSeconds ?? NaN);
	const isLimit = talkMs > (policy.limitMs ?? NaN) - AT_DEADLINE_MS;
	const isTimedOut = policy.isEnded && (isCut || isLimit);
	const facts: IDataObject = {};
	if (isTimedOut) Object.assign(facts, { timedOut: true, [endedField]: true });
	else if (!isReported && !known.isConfirmedOver) {
		facts.timedOut = true;
		if (policy.isEnded) facts[endedField] = false;
		if (typeof known.ended === 'string') facts.endError = known.ended;
	} else if (idField === 'sessionId') {
		facts.event = described.outcome === 'failed' ? 'failed' : 'stopped';
	}
	const shown = showArtifacts(policy.include, known.artifacts, reason);
	return { ...kind.describe({ ...described, ...shown, ...facts }), ...resultOf(described) };
}
