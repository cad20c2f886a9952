import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { describeCall, simplifyCall } from '../../../nodes/VideoSdkAgentCloud/api/callRecord';
import { isCallOver } from '../../../nodes/VideoSdkAgentCloud/api/calls';
import { describeSession } from '../../../nodes/VideoSdkAgentCloud/api/sessions';
import { check } from '../support';

const at = (second: number) => new Date(Date.UTC(2026, 0, 15, 10, 0, second)).toISOString();
/** A call that went through these statuses, one every ten seconds. */
const through = (...statuses: string[]): IDataObject => ({
	callId: 'c1',
	status: statuses.at(-1),
	start: at(0),
	end: at(10 * (statuses.length - 1)),
	timelog: statuses.map((status, index) => ({ status, timestamp: at(10 * index) })),
});
const alone = (status: string): IDataObject => ({ callId: 'c1', status });

describe('describeCall', () => {
	const LAGGING = { ...through('initiated', 'ringing'), status: 'ended' };
	const BACKWARDS = { ...through('ringing', 'answered', 'ended'), end: at(0) };
	type Row = [what: string, call: IDataObject, outcome: string, answered: boolean, seconds: number | null];
	it.each<Row>([
		['a talk in capitals', through('INITIATED', 'RINGING', 'ANSWERED', 'COMPLETED'), 'answered', true, 10],
		['a talk without a timelog', alone('ended'), 'answered', true, null],
		['a talk of which the end alone is logged', through('ended'), 'answered', true, null],
		['a talk whose timelog lags', LAGGING, 'answered', true, null],
		['hung up while it rang', through('initiated', 'ringing', 'ended'), 'noAnswer', false, null],
		['missed', through('initiated', 'ringing', 'missed'), 'noAnswer', false, null],
		['hung up before', through('incoming', 'ended'), 'noAnswer', false, null],
		['that may have been answered', through('ringing', 'in-progress', 'ended'), 'answered', true, null],
		['verified, and hung up', through('verified', 'ended'), 'noAnswer', false, null],
		['abandoned', alone('abandoned'), 'noAnswer', false, null],
		['not answered, however that is written', alone(' NOT_  ANSWERED '), 'noAnswer', false, null],
		['rejected after a transfer', through('answered', 'rejected'), 'rejected', false, null],
		['a talk of no length', { ...through('answered', 'ended'), end: at(0) }, 'answered', true, 0],
		['a talk that ends before its answer', BACKWARDS, 'answered', true, null],
		['a talk whose end is only logged', { ...through('answered', 'ended'), end: null }, 'answered', true, 10],
		['failed', through('initiated', 'failed'), 'failed', false, null],
		['broken off', through('ringing', 'answered', 'failed'), 'failed', true, 10],
		['handed over', through('answered', 'transfer-initiated', 'transferred'), 'transferred', true, 20],
		['being talked on', through('ringing', 'answered'), 'running', true, null],
		['whose transfer failed', alone('transfer-failed'), 'running', true, null],
		['whose change of room failed', alone('switch-room-failed'), 'running', true, null],
		['with a status that is no text', { callId: 'c1', status: 7 }, 'running', false, null],
		['with a status like a name of Object', alone('constructor'), 'running', false, null],
	])('%s', (_what, call, outcome, answered, durationSeconds) => {
		expect(describeCall(call)).toMatchObject({ callId: 'c1', outcome, answered, durationSeconds });
		expect(isCallOver(call)).toBe(outcome !== 'running');
	});

	it('begins with what people look for, in one order, and that is all of it when simplified', () => {
		const shown = (
			'outcome answered durationSeconds summary to callId roomId recordingUrl transcript missing timedOut ' +
			'hungUpAtTimeout endError error event alreadyOver reason context from type sessionId status start end metadata'
		).split(' ');
		const record = Object.fromEntries(['timelog', ...shown].reverse().map((name) => [name, name]));
		const described = describeCall(record);
		expect(Object.keys(described)).toEqual([...shown, 'timelog']);
		expect(Object.keys(simplifyCall(described))).toEqual(shown);
	});

	it('describes any record, loses no value, and leaves a described one as it is', () => {
		const names = fc.constantFrom(...['callId', 'id', 'to', 'sipCallTo', 'from', 'sipCallFrom', 'x', 'end']);
		const value = fc.oneof(fc.constantFrom('a', 'b', '', null, 0), fc.jsonValue());
		const known = fc.constantFrom('ringing', 'answered', 'ended', 'transferred', 'failed');
		const status = fc.oneof(known, fc.string());
		check([fc.dictionary(names, value), status, fc.jsonValue()], (record, last, timelog) => {
			const call = { ...record, status: last, timelog } as IDataObject;
			const described = describeCall(call);
			const values = Object.values(described).map((one) => JSON.stringify(one));
			for (const one of Object.values(call)) if (one) expect(values).toContain(JSON.stringify(one));
			expect(Object.entries(describeCall(described))).toEqual(Object.entries(described));
			for (const [alias, plain] of Object.entries({ id: 'callId', sipCallTo: 'to', sipCallFrom: 'from' }))
				if (described[alias]) expect(described[alias]).not.toBe(described[plain]);
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
