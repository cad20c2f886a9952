import { type IExecuteFunctions, type IRunExecutionData, sleep } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/** n8n may continue an execution a little before it has stored that the sub-workflow is over. */
const STORED_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 500;

type State = 'failed' | 'open' | 'over';

/** @returns whether a node of this execution ran sub-workflows */
export function hasSubExecutions(context: IExecuteFunctions): boolean {
	const { runExecutionData } = context as InEngine;
	const runs = Object.values(runExecutionData?.resultData.runData ?? {}).flat();
	return runs.some(({ metadata }) => metadata?.subExecutionsCount);
}

async function stateOf(context: IExecuteFunctions, id: string): Promise<State> {
	const data = await context.getExecutionDataById(id);
	if (data?.parentExecution?.shouldResume !== true) return 'over';
	if (data.waitTill !== undefined) return 'open';
	// It may have been continued too early itself.
	const below = await subWorkflowsOf(context, data);
	if (below.some(([, state]) => state === 'open')) return 'open';
	return data.resultData.error === undefined ? 'over' : 'failed';
}

/** @returns what became of the sub-workflows for which an execution has waited: of the latest of each node, by the node's name */
async function subWorkflowsOf(
	context: IExecuteFunctions,
	execution?: IRunExecutionData,
): Promise<Array<[node: string, State]>> {
	const found: Array<[string, State]> = [];
	for (const [node, runs] of Object.entries(execution?.resultData.runData ?? {})) {
		const id = runs.at(-1)?.metadata?.subExecution?.executionId;
		if (id !== undefined) found.push([node, await stateOf(context, id)]);
	}
	return found;
}

/**
 * n8n 1.x continues an execution each time a run of its sub-workflow ends: also if it ends by waiting again or with an error, and if the
 * execution was stopped meanwhile (WaitTracker.startExecution).
 *
 * @returns why this execution should not go on: it is over, or its sub-workflow is not, or has failed. undefined: it should
 */
export async function findWrongContinuation(
	context: IExecuteFunctions,
): Promise<'early' | 'ended' | 'failed' | undefined> {
	const { workflow, runExecutionData } = context as InEngine;
	// Of what a user retries, n8n deletes it.
	if (runExecutionData?.resultData.error !== undefined) return 'ended';
	const isStopping = (name: string) => {
		const { onError = 'stopWorkflow', continueOnFail } = workflow?.getNode(name) ?? {};
		return onError === 'stopWorkflow' && !continueOnFail;
	};
	for (const untilMs = Date.now() + STORED_WITHIN_MS; ;) {
		const found = await subWorkflowsOf(context, runExecutionData);
		if (!found.some(([, state]) => state === 'open')) {
			return found.some(([node, state]) => state === 'failed' && isStopping(node)) ? 'failed' : undefined;
		}
		if (Date.now() >= untilMs) return 'early';
		await sleep(LOOK_AGAIN_MS);
	}
}
