import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { Operation } from '../../../nodes/VideoSdkAgentCloud/actions/operation';
import { outcomesBefore } from '../../../nodes/VideoSdkAgentCloud/actions/run/retriedExecution';
import type { InEngine } from '../../../nodes/VideoSdkAgentCloud/n8n/nodeContext';
import { findWrongContinuation, hasSubExecutions } from '../../../nodes/VideoSdkAgentCloud/n8n/subExecution';

/** A run of a workflow whose nodes ran sub-workflows, each by the ID of its execution. */
const runDataOf = (runs: Record<string, string[]>) => ({
	Before: [{ data: { main: [[{ json }]] }, source: [], startTime: 1 }],
	...Object.fromEntries(
		Object.entries(runs).map(([name, ids]) => [
			name,
			ids.map((executionId) => ({
				metadata: { subExecution: { executionId }, subExecutionsCount: 1, ...TOLD[name]?.metadata },
				error: TOLD[name]?.error,
				data: { [name.includes('tool') ? 'ai_tool' : 'main']: [[{ json: {}, ...TOLD[name]?.item }]] },
				...{ source: [{ previousNode: 'Before' }], startTime: 2 },
			})),
		]),
	),
});
const subExecution = undefined;
const json = { id: 1 };
/** What n8n tells of the runs of some nodes. */
const TOLD: Record<string, { metadata?: object; error?: Error; item?: object }> = {
	'Run in n8n 2': { metadata: { resumeError: new Error('Declined') } },
	'Run and fail': { error: new Error('Declined') },
	'Run on': { item: { json: { error: 'Declined' } } },
	'For each': { metadata: { subExecution }, item: { json } },
	'For each at once': { metadata: { subExecution }, item: { json, metadata: { subExecution: {} } } },
	'For each, named by n8n 2': { metadata: { subExecution, waitingChildExecutionIds: ['2'] }, item: { json } },
	'For each in n8n 2': { metadata: { subExecution }, item: { json: { id: 2 } } },
};
const contextOf = (
	runs: Record<string, string[]>,
	executions: Record<string, () => unknown>,
	error?: Error,
) =>
	({
		getContext: () => kept,
		getExecutionId: () => 'own',
		getMode: () => 'webhook',
		workflow: {
			getNode: (name: string) => ({
				onError: name.endsWith('on') ? 'continueErrorOutput' : undefined,
				parameters: { options: name === 'Leave' ? { waitForSubWorkflow: false } : {} },
			}),
		},
		runExecutionData: { resultData: { runData: runDataOf(runs), error } },
		getExecutionDataById: async (id: string) => {
			asked.push(id);
			return executions[id]?.();
		},
	}) as unknown as IExecuteFunctions;
const parentExecution = { shouldResume: true };
const ended =
	(runs: Record<string, string[]> = {}, error?: Error) =>
	() => ({ parentExecution, resultData: { runData: runDataOf(runs), error } });
type Told = [boolean | undefined];
const above = (executionId: string, [shouldResume]: Told = [true]) => ({ executionId, shouldResume });
const waiting = (shouldResume?: boolean, error?: Error) => () => ({
	waitTill: new Date(),
	parentExecution: { shouldResume },
	resultData: { error },
});

const asked: string[] = [];
/** What n8n stores with the execution. */
let kept: IDataObject;
beforeEach(() => {
	kept = {};
	jest.useFakeTimers();
});
afterEach(() => jest.useRealTimers());

it.each<[string, Record<string, string[]>, string | undefined]>([
	['waits again', { Run: ['waiting'] }, 'early'],
	['waits, and is one of several', { Run: ['over'], 'Run more': ['waiting'] }, 'early'],
	['is over, but its own sub-workflow waits', { Run: ['outer'] }, 'early'],
	['runs again after its wait', { Run: ['running'] }, 'early'],
	['has failed', { Run: ['failed'] }, 'failed'],
	['has failed, which n8n 2.x tells', { 'Run in n8n 2': ['failed'] }, undefined],
	['has failed, as its node has', { 'Run and fail': ['failed'] }, undefined],
	['has failed, as an item tells', { 'Run on': ['failed'] }, undefined],
	['has failed, which 1.x hides from a node that is to go on', { 'Loop on': ['over', 'failed'] }, 'failed'],
	['has failed, before the next in a loop that goes on', { 'Loop on': ['failed', 'over'] }, undefined],
	['has failed, before the next one in a loop', { Loop: ['failed', 'over'] }, 'failed'],
	['is over, but its own sub-workflow has failed', { Run: ['unaware'] }, 'failed'],
	['is over, and was told that its own sub-workflow has failed', { Run: ['aware'] }, undefined],
	['waited, and was run for each item', { 'For each': [''] }, 'lost'],
	...Object.keys(TOLD)
		.filter((name) => /^For each./.test(name))
		.map((name): [string, Record<string, string[]>, undefined] => [name, { [name]: [''] }, undefined]),
	['is over, but has run others for each item', { Run: ['for each'] }, 'early'],
	['has failed as the tool of an AI agent', { 'Run as a tool': ['failed'] }, undefined],
	['is over', { Run: ['over'] }, undefined],
	['waits, and the next one is over', { Run: ['waiting', 'over'] }, 'early'],
	['waits, which a tool has run', { Run: ['by a tool'] }, 'early'],
	['is not waited for', { Run: ['left'] }, undefined],
	['is not waited for, which n8n 1.110 tells in the node alone', { Leave: ['by a tool'] }, undefined],
	['was deleted', { Run: ['deleted'] }, undefined],
	['is lost', { Run: ['lost'] }, undefined],
	['was stopped while it waited', { Run: ['stopped'] }, 'failed'],
	['is stored as over a moment later', { Run: ['late'] }, undefined],
])('n8n 1.x continues an execution whose sub-workflow %s', async (_what, runs, expected) => {
	let looks = 0;
	const context = contextOf(runs, {
		waiting: waiting(true),
		left: waiting(false),
		stopped: waiting(true, new Error('Canceled')),
		lost: () => {
			throw new Error('Missing');
		},
		'by a tool': waiting(),
		over: ended(),
		running: () => ({ ...ended()(), executionData: { nodeExecutionStack: [{}] } }),
		failed: ended({}, new Error('Declined')),
		outer: ended({ Inner: ['waiting'] }),
		unaware: ended({ Inner: ['failed'] }),
		aware: ended({ 'Run on': ['failed'] }),
		'for each': ended({ 'For each': [''] }),
		late: () => (looks++ < 3 ? waiting(true)() : ended()()),
	});
	const found = findWrongContinuation(context);
	await jest.advanceTimersByTimeAsync(10_000);
	expect(await found).toBe(expected);
	// Each that is over is asked for once, also after a wait.
	const before = asked.length;
	if (expected === undefined && runs.Run) await findWrongContinuation(context);
	expect(asked).toHaveLength(before);
	expect(hasSubExecutions(context)).toBe(true);
});

it('What was stopped, or has failed, is not continued', async () => {
	expect(await findWrongContinuation(contextOf({}, {}, new Error('Canceled')))).toBe('ended');
	expect(await findWrongContinuation(contextOf({}, {}))).toBeUndefined();
});

it.each([
	['waits again', waiting(true), true],
	['has failed', ended({}, new Error('Declined')), false],
])('Nothing is started or wrongly ended if a sub-workflow %s: %#', async (_what, stored, isRefused) => {
	const context = { ...contextOf({ Run: ['one'] }, { one: stored }), getNode: () => ({}) };
	const told = Promise.allSettled(
		[{ starts: 'call' }, { ends: true }].map((one) => outcomesBefore(context as never, one as Operation)),
	);
	await jest.advanceTimersByTimeAsync(10_000);
	const message = expect.stringContaining('The sub-workflow before this node') as string;
	const refusal = { reason: { message } };
	expect(await told).toMatchObject([refusal, isRefused ? refusal : { value: [] }]);
});

it.each<[string, () => object, string | undefined, Told?]>([
	['was stopped, or has failed', ended({}, new Error('Declined')), 'ended'],
	['waits for one that has failed', () => ({ ...ended()(), parentExecution: above('failed') }), 'ended'],
	["has failed, and doesn't wait for it", ended({}, new Error('Declined')), undefined, [false]],
	['has failed later', ended({ Run: ['over'] }, new Error('Declined')), undefined],
	['waits for another one', ended({ Run: ['waiting'] }), 'early'],
	["has failed, and n8n doesn't tell if it waits", ended({}, new Error('Declined')), undefined, [undefined]],
	['is not told that an earlier one has failed', ended({ Run: ['failed'] }), 'failed'],
	['waits for it', ended({ Run: ['own'] }), undefined],
	['has run others for each item', ended({ 'For each': [''] }), undefined],
	['tried again what had failed', ended({ Run: ['failed', 'over'] }), undefined],
])('In a sub-workflow, if what runs it %s: %#', async (_what, parent, expected, told: Told = [true]) => {
	const failed = ended({}, new Error('Declined'));
	const executions = { parent, failed, own: waiting(true), over: ended(), waiting: waiting(true) };
	const find = async (mode: string, run: object) => {
		const context = contextOf({}, executions);
		Object.assign(context, { getMode: () => mode });
		const parentExecution = above('parent', told);
		Object.assign((context as InEngine).runExecutionData!, { parentExecution }, run);
		const found = findWrongContinuation(context);
		await jest.advanceTimersByTimeAsync(10_000);
		return await found;
	};
	expect(await find('webhook', {})).toBe(expected);
	// Of what a user retries, what runs it is over. Newer versions have a token for each execution, and do none of this.
	expect(await find('retry', {})).toBeUndefined();
	expect(await find('webhook', { resumeToken: 'token' })).toBeUndefined();
});
