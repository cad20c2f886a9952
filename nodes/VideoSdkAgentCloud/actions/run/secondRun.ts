import type { IExecuteData, IExecuteFunctions } from 'n8n-workflow';
import { BoundedMap } from '../../api/boundedMap';
import { runIndexOf } from '../../n8n/nodeContext';

const MAX_RUNS = 10_000;

/** What each run of a node was given, by execution, node, and how often the node had run before. */
const runs = new BoundedMap<string, WeakRef<IExecuteData>>(MAX_RUNS);

/**
 * n8n may run one execution twice at a time: 1.x does if the timer of a wait strikes that a request has ended before
 * (WaitTracker.startExecution), and 1.x and 2.x do if two requests end one wait while as many executions run as may. A node that is
 * tried again gets the same IExecuteData, in a second run it is another one.
 *
 * @returns whether a different run of the execution has come to this node before, in this process
 */
export function isSecondRun(context: IExecuteFunctions): boolean {
	const executionId = context.getExecutionId();
	const runIndex = runIndexOf(context);
	if (!executionId || runIndex === undefined) return false;
	const key = JSON.stringify([executionId, context.getNode().name, runIndex]);
	const current = context.getExecuteData();
	const known = runs.get(key);
	if (known === undefined) runs.set(key, new WeakRef(current));
	return known !== undefined && known.deref() !== current;
}
