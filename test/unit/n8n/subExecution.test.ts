import type { IExecuteFunctions } from 'n8n-workflow';
import { findWrongContinuation, hasSubExecutions } from '../../../nodes/VideoSdkAgentCloud/n8n/subExecution';

/** A run of a workflow whose nodes ran sub-workflows, each by the ID of its execution. */
const runDataOf = (runs: Record<string, string[]>) =>
	Object.fromEntries(
		Object.entries(runs).map(([name, ids]) => [
			name,
			ids.map((executionId) => ({ metadata: { subExecution: { executionId }, subExecutionsCount: 1 } })),
		]),
	);
const contextOf = (
	runs: Record<string, string[]>,
	executions: Record<string, () => unknown>,
	error?: Error,
) =>
	({
		workflow: { getNode: (name: string) => (name === 'Run on' ? { onError: 'continueErrorOutput' } : {}) },
		runExecutionData: { resultData: { runData: runDataOf(runs), error } },
		getExecutionDataById: async (id: string) => executions[id]?.(),
	}) as unknown as IExecuteFunctions;
const parentExecution = { shouldResume: true };
const ended =
	(runs: Record<string, string[]> = {}, error?: Error) =>
	() => ({
		parentExecution,
		resultData: { runData: runDataOf(runs), error },
	});
const waiting = (shouldResume?: boolean) => () => ({
	waitTill: new Date(),
	parentExecution: { shouldResume },
});

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it.each<[string, Record<string, string[]>, string | undefined]>([
	['waits again', { Run: ['waiting'] }, 'early'],
	['waits, and is one of several', { Run: ['over'], 'Run more': ['waiting'] }, 'early'],
	['is over, but its own sub-workflow waits', { Run: ['outer'] }, 'early'],
	['has failed', { Run: ['failed'] }, 'failed'],
	['has failed, which is to be ignored', { 'Run on': ['failed'] }, undefined],
	['is over', { Run: ['over'] }, undefined],
	['was over when the next one ran', { Run: ['waiting', 'over'] }, undefined],
	['is not waited for', { Run: ['left'], 'Run more': ['by a tool'] }, undefined],
	['was deleted', { Run: ['deleted'] }, undefined],
	['is stored as over a moment later', { Run: ['late'] }, undefined],
])('n8n 1.x continues an execution whose sub-workflow %s', async (_what, runs, expected) => {
	let looks = 0;
	const context = contextOf(runs, {
		waiting: waiting(true),
		left: waiting(false),
		'by a tool': waiting(),
		over: ended(),
		failed: ended({}, new Error('Declined')),
		outer: ended({ Inner: ['waiting'] }),
		late: () => (looks++ < 3 ? waiting(true)() : ended()()),
	});
	const found = findWrongContinuation(context);
	await jest.advanceTimersByTimeAsync(10_000);
	expect(await found).toBe(expected);
	expect(hasSubExecutions(context)).toBe(true);
});

it('What was stopped, or has failed, is not continued', async () => {
	expect(await findWrongContinuation(contextOf({}, {}, new Error('Canceled')))).toBe('ended');
	expect(await findWrongContinuation(contextOf({}, {}))).toBeUndefined();
});
