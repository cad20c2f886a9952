import type { IExecuteFunctions } from 'n8n-workflow';
import {
	hasSubExecutions,
	isContinuedAfterEnd,
	isContinuedEarly,
} from '../../../nodes/VideoSdkAgentCloud/n8n/subExecution';

/** A run of a workflow whose nodes ran sub-workflows, each by the ID of its execution. */
const runDataOf = (runs: Record<string, string[]>) =>
	Object.fromEntries(
		Object.entries(runs).map(([name, ids]) => [
			name,
			ids.map((executionId) => ({ metadata: { subExecution: { executionId }, subExecutionsCount: 1 } })),
		]),
	);
const contextOf = (runs: Record<string, string[]>, executions: Record<string, () => unknown>) =>
	({
		runExecutionData: { resultData: { runData: runDataOf(runs) } },
		getExecutionDataById: async (id: string) => executions[id]?.(),
	}) as unknown as IExecuteFunctions;
const waiting = (shouldResume?: boolean) => ({ waitTill: new Date(), parentExecution: { shouldResume } });
const over = { parentExecution: { shouldResume: true } };

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it.each<[string, Record<string, string[]>, boolean]>([
	['waits again', { Run: ['waiting'] }, true],
	['waits, and is one of several', { Run: ['over'], 'Run more': ['waiting'] }, true],
	['is over, but its own sub-workflow waits', { Run: ['outer'] }, true],
	['is over', { Run: ['over'] }, false],
	['was over when the next one ran', { Run: ['waiting', 'over'] }, false],
	['is not waited for', { Run: ['left'], 'Run more': ['by a tool'] }, false],
	['was deleted', { Run: ['deleted'] }, false],
	['is stored as over a moment later', { Run: ['late'] }, false],
])('An execution is continued early if its sub-workflow %s', async (_what, runs, expected) => {
	let looks = 0;
	const context = contextOf(runs, {
		waiting: () => waiting(true),
		left: () => waiting(false),
		'by a tool': () => waiting(),
		over: () => over,
		outer: () => ({ ...over, resultData: { runData: runDataOf({ Inner: ['waiting'] }) } }),
		late: () => (looks++ < 3 ? waiting(true) : over),
	});
	const isEarly = isContinuedEarly(context);
	await jest.advanceTimersByTimeAsync(10_000);
	expect(await isEarly).toBe(expected);
	expect(hasSubExecutions(context)).toBe(true);
});

it.each([true, false])('An execution is continued after its end if it has an error: %s', (hasError) => {
	const resultData = { runData: {}, ...(hasError && { error: new Error('Canceled') }) };
	const context = { runExecutionData: { resultData } } as unknown as IExecuteFunctions;
	expect(isContinuedAfterEnd(context)).toBe(hasError);
});
