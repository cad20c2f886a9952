import type { IDataObject } from 'n8n-workflow';
import type { ApiRequest, Send } from '../../../nodes/VideoSdkAgentCloud/api/client';
import {
	CALL_STATUSES,
	CALL_TERMINAL_STATUSES,
	CALLS,
	endCall,
	getCall,
	hasCallStatus,
	makeCall,
	transferCall,
} from '../../../nodes/VideoSdkAgentCloud/api/calls';

/** Answers every request with the same JSON, as `apiRequest` would hand it to the reader. */
function answering(answer: IDataObject): { send: Send; requests: ApiRequest[] } {
	const requests: ApiRequest[] = [];
	const send: Send = async (request, read) => {
		requests.push(request);
		return read(answer, {}) as never;
	};
	return { send, requests };
}

describe('hasCallStatus', () => {
	it.each([
		['ended', true],
		['ENDED', true],
		['completed', true],
		['COMPLETED', true],
		['Not-Answered', true],
		['transferred', true],
		['answered', false],
		['transfer-failed', false],
		['switch-room-failed', false],
		['teleported', false],
		['', false],
		[undefined, false],
		[null, false],
		[7, false],
	])('a call that is %p is over: %p', (status, isOver) => {
		expect(hasCallStatus({ status }, CALL_TERMINAL_STATUSES)).toBe(isOver);
	});

	it('takes completed for ended on either side', () => {
		expect(hasCallStatus({ status: 'COMPLETED' }, ['ended'])).toBe(true);
		expect(hasCallStatus({ status: 'ended' }, ['Completed'])).toBe(true);
		expect(hasCallStatus({ status: 'missed' }, ['ended'])).toBe(false);
	});

	it('every final status but the older spelling can be chosen', () => {
		const final = CALL_TERMINAL_STATUSES.filter((status) => status !== 'completed');
		expect(CALL_STATUSES).toEqual(expect.arrayContaining(final));
	});
});

describe('A call', () => {
	const docs = { callId: 'c1', sipCallTo: '+1', sipCallFrom: '+2', status: 'ringing' };
	const sdk = { id: 'c1', to: '+1', from: '+2', status: 'ringing' };
	const described = { callId: 'c1', outcome: 'running', answered: false, durationSeconds: null };
	const plain = { ...described, to: '+1', from: '+2', status: 'ringing' };

	const operations: Array<[string, (send: Send) => Promise<IDataObject>]> = [
		['make', async (send) => await makeCall(send, { sipCallTo: '+1' }, 1_000)],
		['get', async (send) => await getCall(send, 'c1')],
		['end', async (send) => await endCall(send, 'c1')],
		['transfer', async (send) => await transferCall(send, 'c1', '+3')],
	];
	it.each(operations)('has callId, to and from, whatever their names were: %s', async (_name, call) => {
		for (const own of [docs, sdk, { ...docs, ...sdk }]) {
			for (const answer of [{ message: 'ok', data: own }, own]) {
				expect(await call(answering(answer).send)).toEqual(plain);
			}
		}
	});

	it('in a list is the same', () => {
		expect(CALLS.toRecord?.(docs)).toEqual(plain);
		expect(CALLS.toRecord?.(sdk)).toEqual(plain);
		expect(CALLS.identityOf(CALLS.toRecord?.(sdk) ?? {})).toBe('c1');
	});

	it('without an ID cannot be used', async () => {
		const { send } = answering({ data: { status: 'initiated', to: '+1' } });
		expect(await makeCall(send, { sipCallTo: '+1' }, 1_000)).toBeUndefined();
	});

	it('and its transfer are protected from being made twice', async () => {
		const { send, requests } = answering({ data: docs });
		for (const [, call] of operations) await call(send);
		expect(requests.map(({ starts }) => starts)).toEqual(['call', undefined, undefined, 'transfer']);
	});
});
