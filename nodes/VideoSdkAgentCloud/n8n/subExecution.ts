import { type IExecuteFunctions, type IRunExecutionData, sleep } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/** n8n may continue an execution a little before it has stored that the sub-workflow is over. */
const STORED_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 500;

/** @returns the IDs of the executions of sub-workflows that nodes of an execution ran, the latest of each node */
function latestSubExecutions(execution?: IRunExecutionData): string[] {
	return Object.values(execution?.resultData?.runData ?? {}).flatMap(
		(runs) => runs.at(-1)?.metadata?.subExecution?.executionId ?? [],
	);
}

/** @returns whether a node of this execution ran sub-workflows */
export function hasSubExecutions(context: IExecuteFunctions): boolean {
	const { runExecutionData } = context as InEngine;
	const runs = Object.values(runExecutionData?.resultData.runData ?? {}).flat();
	return runs.some(({ metadata }) => metadata?.subExecutionsCount);
}

/**
 * n8n 1.x continues an execution each time a run of its sub-workflow ends, also if it ends by waiting again (WaitTracker.startExecution).
 *
 * @returns whether a sub-workflow for which this execution waits is not over
 */
export async function isContinuedEarly(context: IExecuteFunctions): Promise<boolean> {
	const isOpen = async (id: string): Promise<boolean> => {
		const data = await context.getExecutionDataById(id);
		if (data?.parentExecution?.shouldResume !== true) return false;
		// It may have been continued early itself.
		return data.waitTill !== undefined || (await isAnyOpen(data));
	};
	const isAnyOpen = async (execution?: IRunExecutionData) => {
		for (const id of latestSubExecutions(execution)) if (await isOpen(id)) return true;
		return false;
	};
	const untilMs = Date.now() + STORED_WITHIN_MS;
	while (await isAnyOpen((context as InEngine).runExecutionData)) {
		if (Date.now() >= untilMs) return true;
		await sleep(LOOK_AGAIN_MS);
	}
	return false;
}

/** @returns whether n8n continues an execution that a user has stopped, or that has failed, as 1.x does when its sub-workflow is over */
export function isContinuedAfterEnd(context: IExecuteFunctions): boolean {
	// Of what a user retries, n8n deletes it.
	return (context as InEngine).runExecutionData?.resultData.error !== undefined;
}
