import type { IExecuteData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

/** How often n8n runs a node with Retry On Fail (WorkflowExecute.getRetryParams). */
const DEFAULT_TRIES = 3;
const FEWEST_TRIES = 2;
const MOST_TRIES = 5;

/** With Retry On Fail n8n runs the whole node again, with the same IExecuteData (WorkflowExecute.processRunExecutionData). */
const tries = new WeakMap<IExecuteData, number>();

/** Counts a try of the node. @returns how many there were, this one included */
export function countTry(context: IExecuteFunctions): number {
	const data = context.getExecuteData();
	const count = (tries.get(data) ?? 0) + 1;
	tries.set(data, count);
	return count;
}

/**
 * Tells whether n8n will run the node again after an output. An execution that began to wait would then have its input replaced.
 *
 * @param count of the tries so far, see `countTry`
 * @param output its first item decides, as for n8n (`checkFailure` in WorkflowExecute)
 */
export function isTriedAgain(
	context: IExecuteFunctions,
	count: number,
	[first]: INodeExecutionData[],
): boolean {
	const { retryOnFail, maxTries } = context.getNode();
	const allowed = Math.min(MOST_TRIES, Math.max(FEWEST_TRIES, maxTries || DEFAULT_TRIES));
	const error = first?.json.error;
	return retryOnFail === true && count < allowed && error !== undefined && error !== null && error !== false;
}
