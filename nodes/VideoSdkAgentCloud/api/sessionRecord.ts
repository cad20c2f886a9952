import type { IDataObject } from 'n8n-workflow';
import { beginningWith } from './answer';

/** How a session went, for a Switch node. `running`: it has not ended, as far as is known. */
export type SessionOutcome = 'completed' | 'failed' | 'running';

/** How a session went, by the status in which it has ended. A status that is not listed is not an end. */
export const OUTCOME_BY_STATUS: ReadonlyMap<string, SessionOutcome> = new Map([
	['completed', 'completed'],
	['failed', 'failed'],
	['stopped', 'completed'],
]);

/** What people look for, in the order of the output. */
const FIRST_FIELDS = [
	...['sessionId', 'outcome', 'durationSeconds'],
	...['summary', 'recordingUrl', 'transcript', 'missing'],
];

/** @returns how long an ended session was, in seconds; null if the API does not tell */
function secondsOf({ duration, start, end }: IDataObject): number | null {
	if (typeof duration === 'number' && duration >= 0) return duration;
	const seconds = Math.round((Date.parse(String(end)) - Date.parse(String(start))) / 1000);
	return seconds >= 0 ? seconds : null;
}

/**
 * Turns a session, as the API returned it, into the output: first what people look for, then the rest of the record. Described
 * again, a session stays as it is, so that something can be added to it.
 */
export function describeSession(session: IDataObject): IDataObject {
	const status = String(session.status ?? '').toLowerCase();
	const outcome = OUTCOME_BY_STATUS.get(status) ?? 'running';
	const durationSeconds = outcome === 'running' ? null : secondsOf(session);
	return beginningWith(FIRST_FIELDS, { ...session, outcome, durationSeconds });
}
