import fc from 'fast-check';
import type { SipCallStatus } from '@videosdk.live/server-sdk';
import type { IDataObject } from 'n8n-workflow';
import { type CallOutcome, isCallOver } from '../../../nodes/VideoSdkAgentCloud/api/callOutcome';
import { describeCall, simplifyCall } from '../../../nodes/VideoSdkAgentCloud/api/callRecord';
import { describeSession } from '../../../nodes/VideoSdkAgentCloud/api/sessions';
import { check } from '../support';

const at = (second: number) => new Date(Date.UTC(2026, 0, 15, 10) + 1_000 * second).toISOString();
/** A call that went through these statuses, one every ten seconds. */
const through = (...statuses: string[]): IDataObject => ({
	callId: 'c1',
	status: statuses.at(-1),
	start: at(0),
	end: at(10 * (statuses.length - 1)),
	timelog: statuses.map((status, index) => ({ status, timestamp: at(10 * index) })),
});
const alone = (status: string): IDataObject => ({ callId: 'c1', status });

/** VideoSDK's only published sample of a call that is over: docs.videosdk.live, sip/calls/fetch-all-calls. */
const PUBLISHED = {
	_id: '64f89a7c1a23b4',
	callId: 'call_123456789',
	type: 'outbound',
	gatewayId: 'gw_123456789',
	gatewayName: 'US Gateway',
	ruleId: 'rule_123456',
	ruleName: 'Default Routing Rule',
	roomId: 'room_123456',
	to: '+14155550123',
	from: '+14155559876',
	status: 'COMPLETED',
	timelog: [
		{ status: 'INITIATED', timestamp: '2025-08-21T11:45:00.000Z' },
		{ status: 'COMPLETED', timestamp: '2025-08-21T11:48:00.000Z' },
	],
	start: '2025-08-21T11:45:00.000Z',
	end: '2025-08-21T11:48:00.000Z',
	sessionId: 'sess_123456',
	userId: 'usr_123456',
	deleted: false,
};

/** How a call went by its status alone: each status of VideoSDK's server SDK. */
const OF_SDK = {
	initiated: ['running', false],
	ringing: ['running', false],
	missed: ['noAnswer', false],
	'not-answered': ['noAnswer', false],
	failed: ['failed', false],
	incoming: ['running', false],
	verified: ['running', false],
	rejected: ['rejected', false],
	abandoned: ['noAnswer', false],
	answered: ['running', true],
	ended: ['answered', true],
	'transfer-initiated': ['running', true],
	'transfer-accepted': ['running', true],
	transferring: ['running', true],
	'transfer-ringing': ['running', true],
	transferred: ['transferred', true],
	'transfer-failed': ['running', true],
	'switch-room-initiated': ['running', true],
	'switch-room-completed': ['running', true],
	'switch-room-failed': ['running', true],
} satisfies Record<SipCallStatus, [outcome: CallOutcome, answered: boolean]>;

/** Those that its agents framework (warm_transfer/_runner.py) and its docs name besides, and their usual spellings. */
const OF_FRAMEWORK: Record<string, [outcome: CallOutcome, answered: boolean]> = {
	'no-answer': ['noAnswer', false],
	busy: ['noAnswer', false],
	completed: ['answered', true],
	cancelled: ['noAnswer', false],
	canceled: ['noAnswer', false],
};

describe('describeCall', () => {
	const LAGGING = { ...through('initiated', 'ringing'), status: 'ended' };
	const BACKWARDS = { ...through('ringing', 'answered', 'ended'), end: at(0) };
	const lasting = (seconds: number, call = through('initiated', 'ended')) => ({ ...call, end: at(seconds) });
	type Row = [what: string, call: IDataObject, outcome: string, answered: boolean, seconds: number | null];
	it.each<Row>([
		['the sample that VideoSDK publishes', PUBLISHED, 'answered', true, null],
		['a talk in capitals', through('INITIATED', 'RINGING', 'ANSWERED', 'COMPLETED'), 'answered', true, 10],
		['completed, without an answer in its timelog', through('ringing', 'completed'), 'answered', true, null],
		['completed at once', lasting(1, through('initiated', 'completed')), 'answered', true, null],
		['a talk whose end alone is logged', lasting(9, through('ended')), 'answered', true, null],
		['a talk whose timelog lags', LAGGING, 'answered', true, null],
		['hung up while it rang', through('initiated', 'ringing', 'ended'), 'noAnswer', false, null],
		['missed', through('initiated', 'ringing', 'missed'), 'noAnswer', false, null],
		['hung up before', through('incoming', 'ended'), 'noAnswer', false, null],
		['that may have been answered', through('ringing', 'in-progress', 'ended'), 'answered', true, null],
		['that rang nowhere, and was over in 4.999 s', lasting(4.999), 'failed', false, null],
		['that rang nowhere, and lasted 5 s', lasting(5), 'answered', true, null],
		['that rang nowhere, and ends before it starts', lasting(-1), 'answered', true, null],
		['that rang nowhere, and was over at once', lasting(0), 'failed', false, null],
		['that rang, and was over at once', lasting(0, through('ringing', 'ended')), 'noAnswer', false, null],
		['that was answered, and over at once', lasting(0, through('answered', 'ended')), 'answered', true, 0],
		[
			'without a timelog, over at once',
			{ ...alone('ended'), start: at(0), end: at(3) },
			'failed',
			false,
			null,
		],
		['not answered, however that is written', alone(' NOT_  ANSWERED '), 'noAnswer', false, null],
		['rejected after a transfer', through('answered', 'rejected'), 'rejected', false, null],
		['a talk that ends before its answer', BACKWARDS, 'answered', true, null],
		['a talk whose end is only logged', { ...through('answered', 'ended'), end: null }, 'answered', true, 10],
		['broken off', through('ringing', 'answered', 'failed'), 'failed', true, 10],
		['handed over', through('answered', 'transfer-initiated', 'transferred'), 'transferred', true, 20],
		['with an unknown status', alone('hung-up'), 'running', false, null],
		[
			'with an unknown status after its answer',
			{ ...through('answered', 'x'), end: null },
			'running',
			true,
			null,
		],
		['over under an unknown status', through('initiated', 'hung-up'), 'answered', true, null],
		['over at once, with an unknown one', lasting(2, through('initiated', 'hung-up')), 'failed', false, null],
		['with an unknown one after its answer', through('answered', 'hung-up'), 'answered', true, 10],
		['with an unknown one while it rang', through('ringing', 'HUNG_UP'), 'noAnswer', false, null],
		['with an unlogged one', { ...through('ringing', 'ringing'), status: 'x' }, 'noAnswer', false, null],
		['with two unknown ones', through('ringing', 'in-progress', 'hung-up'), 'answered', true, null],
		['without a status, and an end', { callId: 'c1', end: at(9) }, 'answered', true, null],
		['in a transfer, though it has an end', through('answered', 'transferring'), 'running', true, null],
		['with a status that is no text', { callId: 'c1', status: 7 }, 'running', false, null],
		['with a status like a name of Object', alone('constructor'), 'running', false, null],
	])('%s', (_what, call, outcome, answered, durationSeconds) => {
		const { status } = call;
		expect(describeCall(call)).toMatchObject({
			outcome,
			answered,
			durationSeconds,
			...(status && { status }),
		});
		expect(isCallOver(call)).toBe(outcome !== 'running');
	});

	it.each(Object.entries({ ...OF_SDK, ...OF_FRAMEWORK }))(
		'by its status alone: %s',
		(status, [outcome, answered]) => {
			for (const spelling of [status, status.toUpperCase(), status.replaceAll('-', '_')]) {
				expect(describeCall(alone(spelling))).toMatchObject({ outcome, answered, status: spelling });
				expect(isCallOver(alone(spelling))).toBe(outcome !== 'running');
			}
		},
	);

	it('begins with what people look for, in one order, and that is all of it when simplified', () => {
		const shown = (
			'outcome answered durationSeconds summary to callId roomId recordingUrl transcript missing timedOut ' +
			'hungUpAtTimeout endError error event alreadyOver reason from direction roomSessionId status start end metadata'
		).split(' ');
		const record = Object.fromEntries(['timelog', ...shown].reverse().map((name) => [name, name]));
		const described = describeCall(record);
		expect(Object.keys(described)).toEqual([...shown, 'timelog']);
		expect(Object.keys(simplifyCall(described))).toEqual(shown);
	});

	it('describes any record, loses no value, and leaves a described one as it is', () => {
		const aliases = ['id', 'sipCallTo', 'sipCallFrom', 'type', 'sessionId'];
		const plainNames = ['callId', 'to', 'from', 'direction', 'roomSessionId'];
		const names = fc.constantFrom(...aliases, ...plainNames, 'x', 'end');
		const value = fc.oneof(fc.constantFrom('a', 'b', '', null, 0), fc.jsonValue());
		const known = fc.constantFrom('ringing', 'answered', 'ended', 'transferred', 'failed');
		const status = fc.oneof(known, fc.string());
		check([fc.dictionary(names, value), status, fc.jsonValue()], (record, last, timelog) => {
			const call = { ...record, status: last, timelog } as IDataObject;
			const described = describeCall(call);
			const values = Object.values(described).map((one) => JSON.stringify(one));
			for (const one of Object.values(call)) if (one) expect(values).toContain(JSON.stringify(one));
			expect(Object.entries(describeCall(described))).toEqual(Object.entries(described));
			for (const [index, alias] of aliases.entries())
				if (described[alias]) expect(described[alias]).not.toBe(described[plainNames[index] ?? '']);
		});
	});
});

const times = { start: at(0), end: at(42) };
it.each<[IDataObject, string, number | null]>([
	[{ status: 'completed', duration: 0, ...times }, 'completed', 0],
	[{ status: 'completed', duration: -1, ...times }, 'completed', 42],
	[{ status: 'completed', start: at(1), end: at(0) }, 'completed', null],
	[{ status: 'constructor' }, 'running', null],
	[{ status: 'STOPPED', duration: null, ...times }, 'completed', 42],
	[{ status: 'failed', duration: '7', start: at(1), end: at(1) }, 'failed', 0],
	[{ status: 'stopping', duration: 3 }, 'running', null],
	[{}, 'running', null],
])('describeSession: %j', (session, outcome, durationSeconds) => {
	const described = describeSession({ status: 'x', ...session, sessionId: 's1' });
	expect(described).toMatchObject({ ...session, outcome, durationSeconds });
	const first = 'sessionId outcome durationSeconds summary recordingUrl transcript missing'.split(' ');
	const record = Object.fromEntries(['roomId', ...first].reverse().map((name) => [name, name]));
	expect(Object.keys(describeSession({ ...record, ...session })).slice(0, 7)).toEqual(first);
	expect(Object.entries(describeSession(described))).toEqual(Object.entries(described));
});
