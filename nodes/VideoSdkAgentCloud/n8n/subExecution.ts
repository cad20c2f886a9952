import { type IExecuteFunctions, sleep } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/** n8n may continue an execution a little before it has stored that the sub-workflow is over. */
const STORED_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 500;

/** @returns the IDs of the executions of sub-workflows that nodes of this execution ran, the latest of each node */
function latestSubExecutions(context: IExecuteFunctions): string[] {
	const { runExecutionData } = context as InEngine;
	return Object.values(runExecutionData?.resultData.runData ?? {}).flatMap(
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
	const isOpen = async (id: string) => {
		const data = await context.getExecutionDataById(id);
		return data?.waitTill !== undefined && data.parentExecution?.shouldResume === true;
	};
	const untilMs = Date.now() + STORED_WITHIN_MS;
	for (const id of latestSubExecutions(context)) {
		while (await isOpen(id)) {
			if (Date.now() >= untilMs) return true;
			await sleep(LOOK_AGAIN_MS);
		}
	}
	return false;
}
