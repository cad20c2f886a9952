/** Facts of conversations, made at random, for the properties of what is known of one. */
import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { NO_TIME_LEFT } from '../../../nodes/VideoSdkAgentCloud/api/http/client';
import { KINDS } from '../../../nodes/VideoSdkAgentCloud/conversation/kinds';
import {
	END_EVENTS,
	type Fact,
	type Known,
	mergeFact,
	unknown,
	UNANSWERED,
} from '../../../nodes/VideoSdkAgentCloud/conversation/known';
import type { Artifact } from '../../../nodes/VideoSdkAgentCloud/conversation/artifact';
import type { WaitPolicy } from '../../../nodes/VideoSdkAgentCloud/conversation/nextStep';

export const ID = '5f9c2f7e-0b1d-4c7a-9a51-3d1f0e6b8a24';
export const SECOND = 1_000;
/** Max Wait, by both clocks. */
export const DEADLINE_MS = Date.parse('2026-11-27T12:00:00Z');
/** @returns an API time so many seconds before Max Wait */
export const before = (seconds: number) => new Date(DEADLINE_MS - seconds * SECOND).toISOString();

export const WANT: WaitPolicy = {
	deadlineMs: DEADLINE_MS,
	isEnded: false,
	isSimplified: false,
	include: [],
	fetchMs: 0,
};

const CALL_STATUSES = [
	'initiated',
	'ringing',
	'answered',
	'transferring',
	'ANSWERED',
	'transfer-failed',
	'ended',
	'completed',
	'missed',
	'busy',
	'rejected',
	'failed',
	'transferred',
	'NOT_ANSWERED',
	'hung-up',
];
const SESSION_STATUSES = ['queued', 'running', 'stopping', 'STOPPED', 'stopped', 'completed', 'failed'];

const time = fc.integer({ min: -20, max: 400 }).map(before);
const nothing = fc.constantFrom(null, '', undefined);

function record(kind: keyof typeof KINDS): fc.Arbitrary<Fact> {
	const status = fc.constantFrom(...(kind === 'call' ? CALL_STATUSES : SESSION_STATUSES));
	const step = fc.record({ status, timestamp: fc.oneof(time, nothing) });
	const entry = fc.option(step, { freq: 9 });
	const fields = fc.record(
		{
			status,
			[KINDS[kind].idField]: fc.constantFrom(ID, ID, `session-${ID}`, 'another'),
			start: fc.oneof(time, nothing),
			end: fc.oneof(time, nothing),
			updatedAt: time,
			roomId: fc.oneof(fc.constantFrom('room-1', 'room-2'), nothing),
			metadata: fc.dictionary(fc.constantFrom('a', 'b'), fc.integer()),
			timelog: fc.oneof(fc.array(entry, { maxLength: 3 }), nothing),
		},
		{ requiredKeys: ['status', KINDS[kind].idField] },
	);
	return fc.tuple(fields, fc.boolean(), fc.boolean()).map(([value, wasOver, isConfirmed]) => ({
		record: value,
		skewMs: 0,
		wasOver,
		isConfirmed,
	})) as fc.Arbitrary<Fact>;
}

export const anyPart: fc.Arbitrary<Artifact> = fc.oneof(
	fc.record({ value: fc.constantFrom('a', 'bb'), weight: fc.nat(2), mayCome: fc.boolean() }),
	fc.record({ reason: fc.constantFrom('x', 'y'), mayCome: fc.boolean(), atMs: fc.nat(2) }),
);

const part: fc.Arbitrary<Fact> = fc
	.tuple(fc.constantFrom('recording', 'summary', 'transcript'), anyPart)
	.map(([name, found]) => ({ artifacts: { [name]: found } }));

export function anyFact(kind: keyof typeof KINDS): fc.Arbitrary<Fact> {
	const event = fc
		.tuple(fc.constantFrom(...END_EVENTS), fc.nat(100))
		.map(([name, atMs]) => ({ reported: { [name]: atMs } }));
	const ended = fc.record({
		ended: fc.constantFrom<true | string>(true, 'refused', 'a refusal', NO_TIME_LEFT),
	});
	const unanswered = fc.record({ unanswered: fc.constantFrom(...UNANSWERED) });
	const seen = fc.record({ seenOverAtMs: fc.integer({ min: DEADLINE_MS, max: DEADLINE_MS + 9 }) });
	return fc.oneof({ weight: 5, arbitrary: record(kind) }, event, ended, part, seen, unanswered);
}

/** @returns a fact as VideoSDK tells it by a clock that is so many ms behind n8n's */
export function byClockBehind(fact: Fact, skewMs: number): Fact {
	if (!('record' in fact)) return fact;
	const isTime = (value: unknown): value is string => typeof value === 'string' && /^\d{4}-.*Z$/.test(value);
	const text = JSON.stringify(fact.record, (_name, value: unknown) =>
		isTime(value) ? new Date(Date.parse(value) - skewMs).toISOString() : value,
	);
	return { ...fact, record: JSON.parse(text) as IDataObject, skewMs };
}

/** @returns what is known after facts, in their order */
export const knownOf = (kind: keyof typeof KINDS, facts: Fact[]): Known =>
	facts.reduce<Known>((known, fact) => mergeFact(KINDS[kind], known, fact), unknown(ID));

/** Calls back with each order of some facts, what is known of a common beginning computed once. */
export function eachOrder(kind: keyof typeof KINDS, facts: Fact[], check: (known: Known) => void): void {
	const visit = (known: Known, open: Fact[]): void => {
		if (open.length === 0) check(known);
		for (const fact of open)
			visit(
				mergeFact(KINDS[kind], known, fact),
				open.filter((other) => other !== fact),
			);
	};
	visit(unknown(ID), facts);
}
