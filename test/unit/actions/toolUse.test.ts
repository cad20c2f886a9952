import { randomUUID } from 'crypto';
import fc from 'fast-check';
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Run } from '../../../nodes/VideoSdkAgentCloud/actions/run/outcome';
import { claimUse, refusalOfTool } from '../../../nodes/VideoSdkAgentCloud/actions/run/toolUse';
import { operation as make } from '../../../nodes/VideoSdkAgentCloud/actions/call/make.operation';
import { operation as ask } from '../../../nodes/VideoSdkAgentCloud/actions/call/sendAndWait.operation';
import { operation as get } from '../../../nodes/VideoSdkAgentCloud/actions/session/get.operation';
import { operation as start } from '../../../nodes/VideoSdkAgentCloud/actions/session/start.operation';
import { agentRun } from '../../../nodes/VideoSdkAgentCloud/n8n/tool';
import { checkAsync, NODE } from '../support';

/** A tool that an AI agent with this many items uses, by a sub-agent of its own if there is one. */
const tool = (items: number, executeOnce = false, subAgents = 0) => {
	const waiting = (count: number) => ({
		...{ node: { executeOnce }, metadata: { nodeWasResumed: true } },
		data: { main: [Array(count).fill({ json: {} })] },
	});
	const executionId = randomUUID();
	const nodeExecutionStack = [...Array.from({ length: subAgents }, () => waiting(1)), waiting(items)];
	return {
		getNode: () => ({ ...NODE, type: 'videoSdkAgentCloudTool' }),
		...{ getContext: () => ({}), getExecutionId: () => executionId, getMode: () => 'trigger' },
		runExecutionData: { executionData: { nodeExecutionStack }, resultData: { runData: {} } },
	} as unknown as IExecuteFunctions;
};

it.each([
	['a session', start],
	['a question', ask],
])('n8n confuses what several items of an AI agent have started: %s is not', async (_what, operation) => {
	expect((await refusalOfTool(tool(2), operation))?.error?.message).toMatch(
		/Loop Over Items.*Nothing was sent/,
	);
	expect(await refusalOfTool(tool(2, false, 1), operation)).toBeDefined();
	expect(await refusalOfTool(tool(1), operation)).toBeUndefined();
	expect(await refusalOfTool(tool(2, true), operation)).toBeUndefined();
});

it('Of two uses at the same time, the one that fails leaves what the other has started', () => {
	const kept: Record<string, object> = {};
	const context = { ...tool(1), getContext: () => kept } as unknown as IExecuteFunctions;
	const [settle, settleOther] = [1, 2].map(() => claimUse({ context, operation: start } as Run, undefined));
	settleOther?.({ records: [{ sessionId: 's-2' }] });
	settle?.({ error: new Error('402') });
	expect(Object.values(kept.agentCloudUses ?? {})).toMatchObject([{ startedId: 's-2' }]);
});

it('What the latest use has started, or may have, is started in no retry, and a use that failed changes nothing', async () => {
	const use = fc.constantFrom('started', 'failed', 'inDoubt');
	const property = fc.asyncProperty(fc.array(use, { maxLength: 4 }), async (uses) => {
		const kept: Record<string, object> = {};
		const context = { ...tool(1), getContext: () => kept } as unknown as IExecuteFunctions;
		for (const [index, what] of uses.entries()) {
			const records = what === 'started' ? [{ sessionId: `s-${index}` }] : undefined;
			claimUse({ context, operation: start } as Run, undefined)?.({ records, isInDoubt: what === 'inDoubt' });
		}
		const last = Math.max(-1, ...uses.flatMap((what, index) => (what === 'failed' ? [] : index)));
		const expected = [{ startedId: uses[last] === 'started' ? `s-${last}` : '' }].slice(last < 0 ? 1 : 0);
		expect(Object.values(kept.agentCloudUses ?? {})).toMatchObject(expected);
		expect(await refusalOfTool(context, start)).toBeUndefined();
		const retryId = randomUUID();
		const retried = { ...context, getExecutionId: () => retryId };
		expect((await refusalOfTool(retried, start)) === undefined).toBe(last < 0);
	});
	await checkAsync(property);
});

it('A call knows its number, and what starts nothing can be repeated', async () => {
	for (const operation of [make, get]) expect(await refusalOfTool(tool(2), operation)).toBeUndefined();
});

it.each<[string | undefined, isRunByAgent: boolean, isTriedAgain: boolean]>([
	[undefined, false, false],
	['stopWorkflow', false, false],
	['continueRegularOutput', false, true],
	[undefined, true, true],
	// A tool that would start anew in the agent's next try.
])('With On Error %s, run by the agent: %j, refused: %j', async (onError, isRunByAgent, isTriedAgain) => {
	const agent = { type: 'agent', retryOnFail: true, onError };
	const workflow = { getChildNodes: () => ['Agent'], getNode: () => agent };
	const context = { ...tool(1), workflow, ...(isRunByAgent && { cloneWith: () => undefined }) };
	for (const operation of [start, ask, make]) {
		const { message } = (await refusalOfTool(context as never, operation))?.error ?? {};
		expect(message?.includes("the AI agent's settings") ?? false).toBe(isTriedAgain && operation !== make);
	}
});

it('A run of an AI agent is the same however often its sub-agents have run', () => {
	const runOf = (agentRuns: number, subAgentRuns: number) =>
		agentRun({
			...tool(1),
			workflow: {
				getChildNodes: () => ['Sub-agent', 'Agent'],
				getNode: (name: string) => ({ type: name === 'Agent' ? 'agent' : 'agentTool' }),
			},
			runExecutionData: {
				resultData: { runData: { Agent: Array(agentRuns), 'Sub-agent': Array(subAgentRuns) } },
			},
		} as unknown as IExecuteFunctions);
	expect(runOf(1, 0)).toBe(runOf(1, 3));
	expect(runOf(1, 0)).not.toBe(runOf(2, 0));
});
