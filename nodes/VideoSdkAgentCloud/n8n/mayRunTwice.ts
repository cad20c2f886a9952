import type { IExecuteFunctions } from 'n8n-workflow';
import type { InEngine } from './nodeContext';

/**
 * Finds out, from its own data, whether n8n may run this execution twice. Before 2.14, n8n may do so if the execution is a sub-workflow, or
 * has run one, because it continues the parent each time a run of the child ends (WaitTracker.startExecution in 1.x). Executions of newer
 * versions have a `resumeToken`.
 *
 * until: n8n before 2.14 isn't installed any more.
 */
export function mayRunTwice(context: IExecuteFunctions): boolean {
	const { runExecutionData } = context as InEngine;
	if (runExecutionData === undefined || runExecutionData.resumeToken !== undefined) return false;
	const runs = Object.values(runExecutionData.resultData.runData).flat();
	const hasChild = runs.some(({ metadata }) => metadata?.subExecution ?? metadata?.subExecutionsCount);
	return runExecutionData.parentExecution !== undefined || hasChild;
}
