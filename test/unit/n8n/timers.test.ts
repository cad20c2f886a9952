import type { IExecuteFunctions } from 'n8n-workflow';
import { timersUntilMs } from '../../../nodes/VideoSdkAgentCloud/n8n/timers';

const NOW_MS = Date.UTC(2026, 0, 15);
const limit = (resumeAmount: unknown, resumeUnit: string) => ({
	limitType: 'afterTimeInterval',
	resumeAmount,
	resumeUnit,
});
/** A node that began to wait some seconds ago, when the node before it ended, and was resumed just now, or earlier. */
function after(
	parameters: object,
	sinceS: number,
	source: object | null = { previousNode: 'Before' },
	resumedS = 0,
) {
	const runData = {
		Before: [{ startTime: NOW_MS - sinceS * 1_000 - 50, executionTime: 50, source: [] }],
		Approval: [{ startTime: NOW_MS - resumedS * 1_000, executionTime: 1, source: [source] }],
	};
	return timersUntilMs(
		{
			workflow: { getNode: (name: string) => (name === 'Approval' ? { parameters } : { parameters: {} }) },
			runExecutionData: { resultData: { runData } },
		} as unknown as IExecuteFunctions,
		NOW_MS,
	);
}
/** As the nodes Wait and Form have it, and as Send and Wait has it. */
const FORMS = [
	(...given: Parameters<typeof limit>) => ({ limitWaitTime: true, ...limit(...given) }),
	(...given: Parameters<typeof limit>) => ({ options: { limitWaitTime: { values: limit(...given) } } }),
];

it.each(FORMS)('A deadline that is still to come, and near, has a timer', (form) => {
	expect(after(form(68, 'seconds'), 61)).toBe(NOW_MS + 7_000);
	expect(after(form(1, 'hours'), 3_590)).toBe(NOW_MS + 10_000);
	expect(after(form(1, 'days'), 86_400 - 71)).toBe(NOW_MS + 71_000);
});

it.each(FORMS)('A deadline that is far, or over, has none', (form) => {
	expect(after(form(1, 'hours'), 5)).toBe(0);
	expect(after(form(60, 'seconds'), 61)).toBe(0);
	expect(after(form(2, 'minutes'), 48)).toBe(0);
});

it.each(FORMS)('A wait that ended long before its deadline has none, however near that is now', (form) => {
	const resumedAgo = (seconds: number) => after(form(1, 'hours'), 3_590, undefined, seconds);
	expect(resumedAgo(61)).toBe(NOW_MS + 10_000);
	expect(resumedAgo(62)).toBe(0);
	expect(resumedAgo(3_000)).toBe(0);
});

it('What the parameters, or the runs, do not tell counts as none', () => {
	expect(after({ limitWaitTime: false, ...limit(68, 'seconds') }, 61)).toBe(0);
	expect(after({ limitWaitTime: true, ...limit('={{ 68 }}', 'seconds') }, 61)).toBe(0);
	expect(after({ limitWaitTime: true, limitType: 'atSpecifiedTime', maxDateAndTime: '' }, 61)).toBe(0);
	expect(after({ limitWaitTime: true, ...limit(68, 'seconds') }, 61, null)).toBe(0);
});
