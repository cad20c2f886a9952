/** What is known of a conversation: whatever the order and repetition of its facts, the same item comes out, and nothing is taken back. */
import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { NO_TIME_LEFT } from '../../../nodes/VideoSdkAgentCloud/api/http/client';
import { FINAL, KINDS } from '../../../nodes/VideoSdkAgentCloud/conversation/kinds';
import {
	type Fact,
	merge,
	type Known,
	mergeFact,
	needsLog,
} from '../../../nodes/VideoSdkAgentCloud/conversation/known';
import { mergeArtifacts } from '../../../nodes/VideoSdkAgentCloud/conversation/artifact';
import { larger } from '../../../nodes/VideoSdkAgentCloud/conversation/mergeFields';
import { type WaitPolicy } from '../../../nodes/VideoSdkAgentCloud/conversation/nextStep';
import { outputRecord } from '../../../nodes/VideoSdkAgentCloud/conversation/output';
import {
	anyFact,
	anyPart,
	before,
	byClockBehind,
	DEADLINE_MS,
	eachOrder,
	ID,
	knownOf,
	SECOND,
	WANT,
} from './facts';
import { check } from '../support';

const item = (kind: keyof typeof KINDS, known: Known, want: Partial<WaitPolicy> = {}) =>
	outputRecord(KINDS[kind], known, { ...WANT, include: ['recording', 'transcript'], ...want });

describe.each(['call', 'session'] as const)('What is known of a %s', (kind) => {
	const facts = fc.array(anyFact(kind), { minLength: 1, maxLength: 8 });
	const known = facts.map((list) => knownOf(kind, list));

	it('is the same in whatever order processes join it, and however often', () => {
		check([known, known, known], (a, b, c) => {
			expect(merge(a, b)).toEqual(merge(b, a));
			expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
			expect(merge(a, a)).toEqual(a);
		});
	});

	it('survives being sent, and gives the same item after any repetition of its facts', () => {
		const order = facts.chain((list) => fc.tuple(fc.constant(list), fc.array(fc.constantFrom(...list))));
		check([facts, order], (first, [list, again]) => {
			const one = knownOf(kind, [...first, ...list]);
			const other = knownOf(kind, [...again, ...list, ...[...first].reverse(), ...again]);
			const sent = JSON.parse(JSON.stringify(other)) as Known;
			expect(item(kind, sent)).toEqual(item(kind, one));
		});
	});

	it('is the same whatever clock VideoSDK goes by', () => {
		const skew = fc.integer({ min: -600, max: 600 }).map((seconds) => 1_000 * seconds);
		check([facts, skew, fc.boolean()], (list, skewMs, isEnded) => {
			const names = ['outcome', 'answered', 'durationSeconds', 'event', 'endError', 'missing'];
			const [one, other] = [skewMs, 0].map((ms) => {
				const told = list.map((fact) => byClockBehind(fact, ms));
				const shown = item(kind, knownOf(kind, told), { isEnded });
				return [...names, 'timedOut', 'hungUpAtTimeout', 'endedAtTimeout'].map((name) => shown[name]);
			});
			expect(one).toEqual(other);
		});
	});

	it('has an end only from what shows one', () => {
		const { stageOf } = KINDS[kind];
		check([facts], (list) => {
			const isEnd = (one: IDataObject | null, isConfirmed?: boolean) =>
				one !== null && stageOf(one, isConfirmed) >= FINAL;
			const ends = list
				.flatMap((fact) => ('record' in fact && isEnd(fact.record, fact.isConfirmed) ? [fact.record] : []))
				.filter((record) => String(record[KINDS[kind].idField]).endsWith(ID))
				.flatMap(({ end, timelog }) => {
					const final = ((timelog || []) as IDataObject[]).filter((one) => isEnd(one));
					const times = [end, ...final.map(({ timestamp }) => timestamp)];
					return times
						.map((time) => Date.parse(String(time)))
						.filter((ms) => ms > 0)
						.slice(0, 1);
				});
			expect(knownOf(kind, list).overAtMs ?? Infinity).toBe(Math.min(...ends));
		});
	});

	it('takes back no end, no answer, no field and no entry of the timelog', () => {
		check([known, anyFact(kind)], (earlier, fact) => {
			const later = mergeFact(KINDS[kind], earlier, fact);
			const [one, other] = [item(kind, earlier), item(kind, later)];
			expect(later.isConfirmedOver || !earlier.isConfirmedOver).toBe(true);
			expect(later.isAnswered || !earlier.isAnswered).toBe(true);
			expect(later.isEndReported || !earlier.isEndReported).toBe(true);
			for (const time of ['overAtMs', 'seenOverAtMs'] as const)
				expect(later[time] ?? Infinity).toBeLessThanOrEqual(earlier[time] ?? Infinity);
			expect(Object.keys(later.timelog)).toEqual(expect.arrayContaining(Object.keys(earlier.timelog)));
			const fields = Object.keys(one).filter((name) => one[name] !== null && one[name] !== '');
			const derived = ['timedOut', 'durationSeconds', 'missing', 'event', 'endError', 'endedAtTimeout'];
			for (const name of fields.filter((field) => !derived.includes(field)))
				expect([undefined, null, '']).not.toContain(other[name]);
		});
	});
});

it('a text counts more than a reason, the longer one of two, and of two reasons the final one, then the later', () => {
	check([anyPart, anyPart, anyPart], (one, other, third) => {
		const joined = mergeArtifacts(one, other);
		expect(mergeArtifacts(other, one)).toEqual(joined);
		expect(mergeArtifacts(joined, third)).toEqual(mergeArtifacts(one, mergeArtifacts(other, third)));
		const values = [one, other].filter((part) => 'value' in part);
		const reasons = [one, other].filter((part) => 'reason' in part);
		if (values.length > 0) {
			const weight = Math.max(...values.map((part) => part.weight));
			expect(joined).toMatchObject({ weight, mayCome: values.every(({ mayCome }) => mayCome) });
		} else {
			const mayCome = reasons.every((part) => part.mayCome);
			const times = reasons.filter((part) => part.mayCome === mayCome).map(({ atMs }) => atMs);
			expect(joined).toMatchObject({ mayCome, atMs: Math.max(...times) });
		}
	});
});

it('of two values of one rank the one that is longer as text counts, then the later in the alphabet', () => {
	const text = fc.constantFrom('a', 'b', 'aa', 'ab');
	const value = fc.oneof(text, fc.nat(30), fc.dictionary(fc.string(), fc.nat(3)));
	check([value, value], (one, other) => {
		const byText = (a: string, b: string) => a.length - b.length || (a < b ? -1 : 1);
		const texts = [one, other].map((each) => JSON.stringify(each)).sort(byText);
		expect(JSON.stringify(larger(one, other))).toBe(texts[1]);
	});
});

const call = (status: string, more: IDataObject = {}): Fact => ({ record: { callId: ID, status, ...more } });
/** An end under a status that nobody knows. */
const confirmed = (more: IDataObject): Fact => ({ ...call('hung-up', more), isConfirmed: true });
const session = (status: string, more: IDataObject = {}): Fact => ({
	record: { sessionId: ID, status, ...more },
});
const entry = (status: string, seconds: number) => ({ status, timestamp: before(seconds) });
const told = (event: 'stopped' | 'failed'): Fact => ({ reported: { [event]: DEADLINE_MS } });
const text: Fact = { artifacts: { transcript: { value: 'Hello', weight: 5, mayCome: false } } };
const late: Fact = { artifacts: { transcript: { reason: 'Not yet.', mayCome: true, atMs: 9 } } };
const RANG = [entry('initiated', 100), entry('ringing', 95)];
const TALKED = { timelog: [entry('answered', 90)] };
const RANG_ONLY = { timelog: [...RANG, entry('ended', 50)] };

type Row = [facts: Fact[], item: IDataObject, not?: string];

/** What comes out in each order of the facts, and which fields don't. */
const CASES: Record<string, Row> = {
	'someone who had answered stays answered, though the last record has no such entry': [
		[call('answered', { timelog: [...RANG, ...TALKED.timelog] }), call('ended', RANG_ONLY)],
		{ outcome: 'answered', answered: true, durationSeconds: 40 },
	],
	'who had answered stays answered, also in a call that failed then': [
		[call('answered'), call('failed', RANG_ONLY)],
		{ outcome: 'failed', answered: true },
	],
	'a status alone shows an answer, too': [
		[call('answered'), call('ended', RANG_ONLY)],
		{ outcome: 'answered', answered: true },
	],
	'a session that events told is over although the API lags, and of two ends the better one counts': [
		[session('running'), told('failed'), told('stopped')],
		{ status: 'stopped', outcome: 'completed', event: 'stopped' },
		'timedOut',
	],
	'the API decides how a session ended': [
		[session('failed', { end: before(9) }), told('stopped')],
		{ outcome: 'failed', event: 'failed' },
	],
	'what is not to be ended is not timed out by its own end': [
		[session('stopped', { end: before(1) })],
		{ event: 'stopped' },
		'timedOut endedAtTimeout',
	],
	'who may have picked up since the phone rang counts as answered': [
		[call('ringing', { timelog: RANG }), call('ended')],
		{ outcome: 'answered', answered: true, durationSeconds: null },
	],
	'of whom the end has a timelog without an answer, no one picked up': [
		[call('ringing', { timelog: RANG }), call('ended'), call('ended', RANG_ONLY)],
		{ outcome: 'noAnswer', answered: false },
	],
	'a timelog that does not reach to the end does not say that no one picked up': [
		[call('ended'), { ...call('ringing', { timelog: RANG }), wasOver: true }],
		{ outcome: 'answered', answered: true },
	],
	"another call's record is none of this one's": [
		[call('answered'), call('ended', { callId: 'x' })],
		{ status: 'answered', timedOut: true },
	],
	'what was wanted of a call that no one answered is missing with the reason': [
		[call('missed'), late],
		{ missing: { transcript: "The call wasn't answered." } },
		'transcript',
	],
	'a call that failed was not answered': [
		[call('failed'), late],
		{ missing: { transcript: "The call wasn't answered." } },
		'transcript',
	],
	'what a session left may come, though VideoSDK does not say when it ended': [
		[session('completed'), late],
		{ missing: { transcript: 'Not yet.' } },
	],
	'a session that failed before it began gives nothing of its room': [
		[session('failed'), late],
		{ missing: { transcript: 'The session failed.' } },
	],
	'what a session left that failed after people had talked may still come': [
		[session('failed', { end: before(9) }), late],
		{ outcome: 'failed', missing: { transcript: 'Not yet.' } },
	],
	'of a conversation that still runs nothing is there yet': [
		[call('answered'), late],
		{ timedOut: true, missing: { transcript: "The call hasn't ended yet." } },
		'transcript endError event',
	],
	'a transfer wins over ended': [[call('ended'), call('transferred')], { outcome: 'transferred' }, 'event'],
	'who was talked to is not called again: ended beats missed': [
		[call('missed'), call('ended')],
		{ outcome: 'answered' },
	],
	'completed is answered, whatever the timelog says, and beats ended': [
		[call('completed', RANG_ONLY), call('ended', RANG_ONLY)],
		{ outcome: 'answered', answered: true, status: 'completed' },
	],
	'an end under a status that nobody knows is none before it is confirmed': [
		[call('hung-up', { end: before(9) }), call('ringing', { timelog: RANG })],
		{ outcome: 'running', answered: false, durationSeconds: null, timedOut: true, end: before(9) },
	],
	'who had answered is still talking before such an end is confirmed': [
		[call('hung-up', { end: before(9), start: before(99) }), call('answered')],
		{ outcome: 'running', answered: true, timedOut: true },
	],
	'before such an end is confirmed, its timelog shows who has answered': [
		[call('hung-up', { end: before(9), ...TALKED })],
		{ outcome: 'running', answered: true, timedOut: true },
	],
	'an end under a status that nobody knows counts once it is confirmed': [
		[confirmed({ end: before(9), timelog: RANG }), call('ringing')],
		{ outcome: 'noAnswer', answered: false, status: 'hung-up' },
		'timedOut',
	],
	'under a status that nobody knows, who had answered stays answered': [
		[confirmed({ end: before(9), timelog: RANG }), call('answered')],
		{ outcome: 'answered', answered: true },
		'timedOut',
	],
	'an end in words that are known beats one that is not': [
		[confirmed({ end: before(9), start: before(99) }), call('missed')],
		{ outcome: 'noAnswer', status: 'missed' },
	],
	'upper case is the same status': [
		[session('STOPPED'), session('running')],
		{ outcome: 'completed', event: 'stopped' },
	],
	'the record of who has answered counts, though that of the ringing phone is later': [
		[
			call('answered', { note: 'a', updatedAt: before(50) }),
			call('ringing', { note: 'r', updatedAt: before(10) }),
		],
		{ status: 'answered', note: 'a' },
	],
	'of two records of one status the later counts': [
		[
			call('answered', { note: 'old', createdAt: before(10), updatedAt: before(50) }),
			call('answered', { note: 'new', createdAt: before(50), updatedAt: before(10) }),
		],
		{ note: 'new' },
	],
	'two steps of one status are two, in their order': [
		[call('ended', { timelog: [entry('transferring', 80), entry('transferring', 90)] })],
		{ timelog: [entry('transferring', 90), entry('transferring', 80)] },
	],
	'what VideoSDK has no timelog of shows none': [
		[call('ended', { timelog: null })],
		{ status: 'ended' },
		'timelog',
	],
	'one entry of the timelog in two spellings is one': [
		[call('ended', TALKED), call('ENDED', { timelog: [entry('ANSWERED', 90)] })],
		{ timelog: [expect.objectContaining({ timestamp: before(90) })] as never },
	],
};

/** The same of what is ended at Max Wait. */
const ENDED_AT_MAX_WAIT: Record<string, Row> = {
	'what still runs is ended at Max Wait': [
		[call('answered'), { ended: 'no answer' }, { ended: true }],
		{ timedOut: true, hungUpAtTimeout: true },
		'endError',
	],
	'a second end that worked counts, whatever the first one said': [
		[call('ended', { end: before(-3) }), { ended: 'unreachable' }, { ended: true }],
		{ timedOut: true, hungUpAtTimeout: true },
		'endError',
	],
	'a call that was over before Max Wait is not timed out, though the API told so only in answer to our end': [
		[call('answered'), call('ended', { end: before(300), alreadyOver: true }), { ended: true }],
		{ outcome: 'answered' },
		'timedOut hungUpAtTimeout alreadyOver',
	],
	'an end at Max Wait that an event alone told is the end at Max Wait': [
		[session('running'), told('stopped'), { ended: 'no answer' }],
		{ timedOut: true, endedAtTimeout: true, outcome: 'completed' },
		'event endError',
	],
	'of two ends that events told, the first one says when it was over': [
		[session('running'), { reported: { failed: DEADLINE_MS - 5 * SECOND } }, told('stopped')],
		{ outcome: 'completed' },
		'timedOut',
	],
	'an end that VideoSDK declines is not told as done, and beats one for which no time was left': [
		[call('answered'), { ended: 'VideoSDK declined' }, { ended: NO_TIME_LEFT }],
		{ outcome: 'running', timedOut: true, hungUpAtTimeout: false, endError: 'VideoSDK declined' },
	],
	'of two reasons why it may still run the longer one is told': [
		[call('answered'), { ended: 'refused' }, { ended: 'VideoSDK declined' }],
		{ hungUpAtTimeout: false, endError: 'VideoSDK declined' },
	],
	"VideoSDK's own limit at Max Wait counts as ours": [
		[call('ended', { ...TALKED, end: before(4) })],
		{ timedOut: true, hungUpAtTimeout: true, outcome: 'answered' },
	],
	'an end a little earlier is its own': [
		[call('ended', { end: before(5) })],
		{ outcome: 'answered' },
		'timedOut hungUpAtTimeout',
	],
	'a call that began before the others is ended when it has lasted as long as Max Wait': [
		[call('ended', { timelog: [entry('answered', 200)], end: before(104) })],
		{ timedOut: true, hungUpAtTimeout: true, outcome: 'answered' },
	],
	'a call that was transferred is not ended by its limit': [
		[call('transferred', { timelog: [entry('answered', 200)], end: before(50) })],
		{ outcome: 'transferred' },
		'timedOut hungUpAtTimeout',
	],
	'a call that was a little shorter has ended by itself': [
		[call('ended', { timelog: [entry('answered', 200)], end: before(105) })],
		{ outcome: 'answered' },
		'timedOut hungUpAtTimeout',
	],
	'what a call left is put out after a hang-up at Max Wait, too': [
		[call('ended', { ...TALKED, end: before(0) }), { ended: true }, text],
		{ transcript: 'Hello', hungUpAtTimeout: true },
		'missing',
	],
};

it.each(Object.entries({ ...CASES, ...ENDED_AT_MAX_WAIT }))('%s', (what, [facts, expected, not = '']) => {
	const kind = facts.some((fact) => 'record' in fact && 'sessionId' in fact.record) ? 'session' : 'call';
	const include: WaitPolicy['include'] = facts.some((fact) => 'artifacts' in fact) ? ['transcript'] : [];
	const isEnded = what in ENDED_AT_MAX_WAIT;
	eachOrder(kind, facts, (known) => {
		const shown = outputRecord(KINDS[kind], known, { ...WANT, include, isEnded, limitMs: 100 * SECOND });
		expect(shown).toMatchObject(expected);
		for (const name of not.split(' ').filter(Boolean)) expect(shown).not.toHaveProperty(name);
	});
});

it.each<[isNeeded: boolean, facts: Fact[]]>([
	[true, [call('ended')]],
	[true, [call('ringing', { timelog: RANG }), call('ended')]],
	[false, [call('ended', RANG_ONLY)]],
	[false, [call('missed')]],
	[false, [call('failed')]],
	[false, [{ ...call('ended'), wasOver: true }]],
	[false, [call('answered'), call('ended')]],
	[false, [call('ringing')]],
	[false, [call('hung-up', { end: before(9) })]],
	[false, [confirmed({ end: before(9) })]],
])('the timelog is needed (%s) only of who may have picked up: %j', (isNeeded, facts) => {
	eachOrder('call', facts, (known) => expect(needsLog(known)).toBe(isNeeded));
});
