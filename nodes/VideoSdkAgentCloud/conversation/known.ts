import type { IDataObject } from 'n8n-workflow';
import { isRecord, msOf, omit, pick } from '../api/http/responseReaders';
import { NO_TIME_LEFT } from '../api/http/client';
import { plainStatus } from '../api/callRecord';
import { apiSessionId } from '../api/sessionId';
import { type Includable, mergeArtifacts, type Artifact } from './artifact';
import { FINAL, type Kind } from './kinds';
import { type Fields, fieldsOf, mergeByName, mergeFields, larger, recordOf } from './mergeFields';

/** The events by which VideoSDK tells that a session is over, which are also the statuses that they lead to. */
export const END_EVENTS = ['failed', 'stopped'] as const;
export type EndEvent = (typeof END_EVENTS)[number];

/**
 * What is known of one conversation. Facts are merged (`mergeFact`, `merge`), so that their order and repetition change nothing, and
 * nothing is taken back: each field only grows in an order of its own. It can be sent as JSON.
 */
export interface Known {
	id: string;
	fields: Fields;
	/** By status and time, the union of all timelogs. */
	timelog: Record<string, IDataObject>;
	/** Whether the API has shown the end. */
	isConfirmedOver: boolean;
	/** Whether a status has shown that someone had picked up. */
	isAnswered: boolean;
	/** Whether VideoSDK has told how it ended, or was asked for that when it was over. */
	isEndReported: boolean;
	/** When it was over, in ms since 1970 by n8n's clock; undefined: not told. */
	overAtMs?: number;
	/** Ends told by signed events, with the time at which the first one came, in ms since 1970. */
	reported: Partial<Record<EndEvent, number>>;
	/** When a process first saw that it was over, in ms since 1970: what was said is waited for from then on, once. */
	seenOverAtMs?: number;
	/** The result of our own request to end it: true, or why it may still run. */
	ended?: true | string;
	/** What was said, as far as it was found. */
	artifacts: Partial<Record<Includable, Artifact>>;
}

/** The API's record, with the difference of n8n's clock to VideoSDK's in ms. */
interface RecordFact {
	record: IDataObject;
	skewMs?: number;
	/** Whether an end was known before the record was fetched. */
	wasOver?: boolean;
	/** Whether several looks have shown an end with an unknown status. */
	isConfirmed?: boolean;
}

/** Something that was learned: a record, or what else is known now. */
export type Fact = RecordFact | Partial<Pick<Known, 'ended' | 'artifacts' | 'seenOverAtMs' | 'reported'>>;

/** How a described call or session went. */
const RESULT = ['outcome', 'answered', 'durationSeconds'];
/** What is derived of a record when it is shown. */
const DERIVED = [...RESULT, 'timelog', 'alreadyOver'];

/** @returns what is known of a conversation of which nothing is known yet */
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

/** @returns what tells entries of a timelog apart, see `Known` */
const entryKey = ({ timestamp, status }: IDataObject) => `${msOf(timestamp) || ''} ${plainStatus(status)}`;

function timelogOf({ timelog }: IDataObject): Record<string, IDataObject> {
	const entries = Array.isArray(timelog) ? (timelog as unknown[]).filter(isRecord) : [];
	return Object.fromEntries(entries.map((entry) => [entryKey(entry), entry]));
}

/** @returns when the record of what is over says that it was, in ms since 1970 by VideoSDK's clock */
function overAtMs(kind: Kind, record: IDataObject): number | undefined {
	const logged = Object.values(timelogOf(record)).filter((entry) => kind.stageOf(entry) >= FINAL);
	const times = [record.end, ...logged.map(({ timestamp }) => timestamp)];
	return times.map(msOf).find((ms) => !Number.isNaN(ms));
}

function ofRecord(kind: Kind, id: string, { record, skewMs = 0, wasOver, isConfirmed }: RecordFact): Known {
	const idOfRecord = String(record[kind.idField] ?? '');
	// Another conversation's record says nothing of this one.
	if (apiSessionId(idOfRecord) !== apiSessionId(id)) return unknown(id);
	const [stage, timelog] = [kind.stageOf(record, isConfirmed), timelogOf(record)];
	const endMs = stage < FINAL ? undefined : overAtMs(kind, record);
	// A status alone, without a timelog: "ended" does not say whether someone had picked up.
	const { outcome, answered } = kind.describe({ status: record.status });
	// In the record that shows the end first, the timelog may lag behind.
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
	// An end that was tried says more than one for which there was no time left.
	if (one === NO_TIME_LEFT || other === NO_TIME_LEFT) return one === NO_TIME_LEFT ? other : one;
	return larger(one, other);
}

/** Joins what two processes, or two facts, know of the same conversation. The only merge there is. */
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
	};
}

/** @returns what is known with one fact more */
export function mergeFact(kind: Kind, known: Known, fact: Fact): Known {
	if ('record' in fact) return merge(known, ofRecord(kind, known.id, fact));
	return merge(known, { ...unknown(known.id), ...fact });
}

/** @returns how a described call or session went, which counts before what is derived without what is known */
export const resultOf = (described: IDataObject): IDataObject => pick(described, RESULT);

/** @returns the whole record, with the end that an event told if the API shows none, and what `describe` derives of it */
export function describeKnown(kind: Kind, known: Known): IDataObject {
	const told = reportedEnd(known);
	const entries = Object.entries(known.timelog).sort(
		([one], [other]) => (parseInt(one, 10) || 0) - (parseInt(other, 10) || 0) || one.localeCompare(other),
	);
	const record: IDataObject = {
		...recordOf(known.fields),
		...(told && { status: told }),
		...(entries.length > 0 && { timelog: entries.map(([, entry]) => entry) }),
		[kind.idField]: known.id,
	};
	// An end under a status that nobody knows doesn't count before it is confirmed.
	const shown = told || known.isConfirmedOver ? record : { ...record, end: null };
	let result = kind.describe(shown);
	if (known.isAnswered && result.answered !== true) {
		// What someone's answer was told by is not in the timelog.
		result = kind.describe({ ...shown, timelog: [{ status: 'answered' }] });
	}
	return { ...kind.describe(record), ...resultOf(result) };
}

/** @returns whether someone may have picked up of whom nothing is known: the record's timelog tells */
export function needsLog(known: Known): boolean {
	return known.isConfirmedOver && !known.isEndReported && !known.isAnswered;
}

/** @returns the end that an event told and the API has not shown, of two the one that counts more */
export function reportedEnd(known: Known): EndEvent | undefined {
	if (known.isConfirmedOver) return undefined;
	return [...END_EVENTS].reverse().find((name) => known.reported[name] !== undefined);
}
