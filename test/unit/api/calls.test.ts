import {
	CALL_STATUSES,
	CALL_TERMINAL_STATUSES,
	hasCallStatus,
} from '../../../nodes/VideoSdkAgentCloud/api/calls';

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
