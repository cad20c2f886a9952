import type { IExecuteData, IExecuteFunctions } from 'n8n-workflow';
import { BoundedMap } from '../../api/boundedMap';
import { runIndexOf } from '../../n8n/nodeContext';

const MAX_RUNS = 10_000;

/** What each run of a node was given, by execution, node, and how often the node had run before. */
const runs = new BoundedMap<string, WeakRef<IExecuteData>>(MAX_RUNS);

/**
 * n8n can run the same execution twice at once. 1.x does so when the timer of a wait fires although a request has already ended that
 * wait (WaitTracker.startExecution). Both lines do so when two requests end one wait while n8n's limit for production executions is
 * reached. Retry On Fail runs a node with the same IExecuteData; a second run has its own.
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
