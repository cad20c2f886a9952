import type { IDataObject } from 'n8n-workflow';
import { reasonMissing, showArtifacts } from './artifact';
import type { Kind } from './kinds';
import { describeKnown, type Known, reportedEnd, resultOf } from './known';
import type { WaitPolicy } from './nextStep';

/** By VideoSDK's time: an end so shortly before Max Wait is the end at Max Wait. */
const AT_DEADLINE_MS = 5_000;

/**
 * Makes the record of an output item: the whole record, with what the wait has to say. The only shape.
 */
export function outputRecord(kind: Kind, known: Known, policy: WaitPolicy): IDataObject {
	const { endedField, idField } = kind;
	const isReported = reportedEnd(known) !== undefined;
	const described = describeKnown(kind, known);
	const reason = reasonMissing(kind, described);
	// When it was over decides, whoever ended it; our own end decides only if no one tells when.
	const overAtMs = known.overAtMs ?? (isReported ? Math.min(...Object.values(known.reported)) : undefined);
	const isCut = overAtMs === undefined ? known.ended === true : overAtMs > policy.deadlineMs - AT_DEADLINE_MS;
	// After a transfer the limit no longer counts.
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
