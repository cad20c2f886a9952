import { isCallOver } from '../../../nodes/VideoSdkAgentCloud/api/calls';

describe('isCallOver', () => {
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
		expect(isCallOver({ status })).toBe(isOver);
	});
});
