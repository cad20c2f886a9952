import { hasStatus, TERMINAL_STATUSES } from '../../../nodes/VideoSdkAgentCloud/api/sessions';

describe('hasStatus', () => {
	it.each([
		['completed', true],
		['COMPLETED', true],
		['Stopped', true],
		['failed', true],
		['running', false],
		['queued', false],
		['stopping', false],
		['archived', false],
		['', false],
		[undefined, false],
		[5, false],
	])('knows whether %j is terminal', (status, isTerminal) => {
		expect(hasStatus({ status }, TERMINAL_STATUSES)).toBe(isTerminal);
	});
});
