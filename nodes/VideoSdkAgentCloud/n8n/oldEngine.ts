import type { IExecuteFunctions } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/**
 * Before n8n 2.14 the engine may run an execution twice if it is a sub-workflow, or has run one: it continues the parent each time a
 * run of the child ends (WaitTracker.startExecution in 1.x). Executions of newer versions have a token for resuming them.
 *
 * @returns whether that may happen to this execution, by its own data alone
 */
export function mayRunTwice(context: IExecuteFunctions): boolean {
	const { runExecutionData } = context as InEngine;
	if (runExecutionData === undefined || runExecutionData.resumeToken !== undefined) return false;
	const runs = Object.values(runExecutionData.resultData.runData).flat();
	const hasChild = runs.some(({ metadata }) => metadata?.subExecution ?? metadata?.subExecutionsCount);
	return runExecutionData.parentExecution !== undefined || hasChild;
}
