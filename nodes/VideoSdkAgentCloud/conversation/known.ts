import type { IDataObject } from 'n8n-workflow';
import { msOf, omit, pick } from '../api/http/responseReaders';
import { NO_TIME_LEFT } from '../api/http/client';
import { plainStatus, timelogOf } from '../api/callOutcome';
import { apiSessionId } from '../api/sessionId';
import { type Includable, mergeArtifacts, type Artifact } from './artifact';
import { FINAL, type Kind } from './kinds';
import { type Fields, fieldsOf, mergeByName, mergeFields, larger, recordOf } from './mergeFields';

/** The events by which VideoSDK reports that a session is over. They have the names of the statuses that they lead to. */
export const END_EVENTS = ['failed', 'stopped'] as const;
export type EndEvent = (typeof END_EVENTS)[number];

/**
 * Why there is no response to a question although someone, or something, picked up, in the words of agent/agent.py. Of two, the first
 * counts.
 */
export const UNANSWERED = ['voicemail', 'noFit', 'hungUp', 'notAsked'] as const;
export type Unanswered = (typeof UNANSWERED)[number];

/**
 * What is known of one conversation, as a join-semilattice: facts are merged (`mergeFact`, `merge`) in such a way that their order and
 * repetition don't matter, and that no fact is lost, because each field only grows in an order of its own. It can be sent as JSON.
 */
export interface Known {
	id: string;
	fields: Fields;
	/** The union of all timelogs, by time and status. */
	timelog: Record<string, IDataObject>;
	/** Whether a record of the API has the end. */
	isConfirmedOver: boolean;
	/** Whether a status says that someone had picked up. */
	isAnswered: boolean;
	/** Whether a record says how it ended, or was fetched when the end was already known. */
	isEndReported: boolean;
	/** When it was over, in ms since 1970 by n8n's clock; undefined: no record says. */
	overAtMs?: number;
	/** The ends that signed events have reported, with the time of the first such event, in ms since 1970. */
	reported: Partial<Record<EndEvent, number>>;
	/** When a process first knew that it was over, in ms since 1970. The wait for artifacts counts from then on. */
	seenOverAtMs?: number;
	/** The result of n8n's own request to end it: true, or why it may still run. */
	ended?: true | string;
	artifacts: Partial<Record<Includable, Artifact>>;
	/** Why the agent of a question has no response, as it says itself. */
	unanswered?: Unanswered;
}

interface RecordFact {
	record: IDataObject;
	/** By how much n8n's clock is ahead of VideoSDK's, in ms. */
	skewMs?: number;
	wasOver?: boolean;
	/** Whether several polls have returned an end with an unknown status. */
	isConfirmed?: boolean;
}

/** A fact that is merged: a record, or anything else that is known now. */
export type Fact =
	RecordFact | Partial<Pick<Known, 'ended' | 'artifacts' | 'seenOverAtMs' | 'reported' | 'unanswered'>>;

/** The fields that say how a described call or session went. */
const RESULT = ['outcome', 'answered', 'durationSeconds'];
/** The fields that aren't merged, because they are derived from a record, or have a place of their own in `Known`. */
const DERIVED = [...RESULT, 'timelog', 'alreadyOver'];

/** @returns the state in which nothing is known of a conversation, which is the bottom of the semilattice */
export function unknown(id: string): Known {
	return {
		id,
		fields: {},
		timelog: {},
		isConfirmedOver: false,
		isAnswered: false,
		isEndReported: false,
		reported: {},
		artifacts: {},
	};
}

/** @returns the key that identifies an entry of a timelog, see `Known` */
const entryKey = ({ timestamp, status }: IDataObject) => `${msOf(timestamp) || ''} ${plainStatus(status)}`;

const timelogByKey = (record: IDataObject): Record<string, IDataObject> =>
	Object.fromEntries(timelogOf(record).map((entry) => [entryKey(entry), entry]));

/** @returns when a conversation was over, by its record, in ms since 1970 by VideoSDK's clock; undefined if the record doesn't say */
function overAtMs(kind: Kind, record: IDataObject): number | undefined {
	const logged = Object.values(timelogByKey(record)).filter((entry) => kind.stageOf(entry) >= FINAL);
	const times = [record.end, ...logged.map(({ timestamp }) => timestamp)];
	return times.map(msOf).find((ms) => !Number.isNaN(ms));
}

function ofRecord(kind: Kind, id: string, { record, skewMs = 0, wasOver, isConfirmed }: RecordFact): Known {
	const idOfRecord = String(record[kind.idField] ?? '');
	// The record of another conversation is ignored.
	if (apiSessionId(idOfRecord) !== apiSessionId(id)) return unknown(id);
	const [stage, timelog] = [kind.stageOf(record, isConfirmed), timelogByKey(record)];
	const endMs = stage < FINAL ? undefined : overAtMs(kind, record);
	// Only the status is described, without the timelog, to see whether the status itself says how it went, as "ended" doesn't.
	const { outcome, answered } = kind.describe({ status: record.status });
	// In the first record with the end, the timelog may lag behind.
	const isLogged = Object.values(timelog).some((entry) => kind.stageOf(entry) >= FINAL);
	return {
		...unknown(id),
		fields: fieldsOf(omit(record, DERIVED), stage),
		timelog,
		isConfirmedOver: stage >= FINAL,
		isEndReported: wasOver === true || (stage >= FINAL && outcome !== 'answered') || isLogged,
		isAnswered: answered === true && outcome !== 'answered',
		...(endMs !== undefined && { overAtMs: endMs + skewMs }),
	};
}

const earlier = (one?: number, other?: number) =>
	one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);

function mergeEnded(one: Known['ended'], other: Known['ended']): Known['ended'] {
	if (one === undefined || other === undefined) return one ?? other;
	if (one === true || other === true) return true;
	// The reason of a request that failed says more than that there was no time for one.
	if (one === NO_TIME_LEFT || other === NO_TIME_LEFT) return one === NO_TIME_LEFT ? other : one;
	return larger(one, other);
}

/**
 * Merges two states of knowledge of the same conversation: the join of the semilattice. It's commutative, associative and idempotent, so
 * processes may exchange what they know in any order, and repeatedly. There is no other merge.
 */
export function merge(one: Known, other: Known): Known {
	return {
		id: one.id,
		fields: mergeFields(one.fields, other.fields),
		timelog: mergeByName(one.timelog, other.timelog, larger),
		isConfirmedOver: one.isConfirmedOver || other.isConfirmedOver,
		isAnswered: one.isAnswered || other.isAnswered,
		isEndReported: one.isEndReported || other.isEndReported,
		overAtMs: earlier(one.overAtMs, other.overAtMs),
		seenOverAtMs: earlier(one.seenOverAtMs, other.seenOverAtMs),
		reported: mergeByName(
			one.reported as Record<string, number>,
			other.reported as Record<string, number>,
			Math.min,
		),
		ended: mergeEnded(one.ended, other.ended),
		artifacts: mergeByName(
			one.artifacts as Record<string, Artifact>,
			other.artifacts as Record<string, Artifact>,
			mergeArtifacts,
		),
		unanswered: UNANSWERED.find((why) => why === one.unanswered || why === other.unanswered),
	};
}

/** @returns what is known after one more fact */
export function mergeFact(kind: Kind, known: Known, fact: Fact): Known {
	if ('record' in fact) return merge(known, ofRecord(kind, known.id, fact));
	return merge(known, { ...unknown(known.id), ...fact });
}

/** @returns the fields that say how a described call or session went, which overwrite those that were derived from its record alone */
export const resultOf = (described: IDataObject): IDataObject => pick(described, RESULT);

/** @returns the whole described record, with the end that an event has reported if no record of the API has one */
export function describeKnown(kind: Kind, known: Known): IDataObject {
	const reported = reportedEnd(known);
	const entries = Object.entries(known.timelog).sort(
		([one], [other]) => (parseInt(one, 10) || 0) - (parseInt(other, 10) || 0) || one.localeCompare(other),
	);
	const record: IDataObject = {
		...recordOf(known.fields),
		...(reported && { status: reported }),
		...(entries.length > 0 && { timelog: entries.map(([, entry]) => entry) }),
		[kind.idField]: known.id,
	};
	// An end with an unknown status doesn't count before it's confirmed.
	const confirmed = reported || known.isConfirmedOver ? record : { ...record, end: null };
	let result = kind.describe(confirmed);
	if (known.isAnswered && result.answered !== true) {
		// An earlier status said that someone had picked up, and the timelog lacks it.
		result = kind.describe({ ...confirmed, timelog: [{ status: 'answered' }] });
	}
	return { ...kind.describe(record), ...resultOf(result) };
}

/** @returns whether the record has to be fetched again for its timelog, which alone tells whether someone picked up */
export function needsLog(known: Known): boolean {
	return known.isConfirmedOver && !known.isEndReported && !known.isAnswered;
}

/** @returns the end that an event has reported, and no record of the API has; of two, the one with the higher stage */
export function reportedEnd(known: Known): EndEvent | undefined {
	if (known.isConfirmedOver) return undefined;
	return [...END_EVENTS].reverse().find((name) => known.reported[name] !== undefined);
}
