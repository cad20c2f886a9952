import type { IExecuteData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

/** The limits for how often n8n runs a node with Retry On Fail (WorkflowExecute.getRetryParams). */
const DEFAULT_TRIES = 3;
const FEWEST_TRIES = 2;
const MOST_TRIES = 5;

/**
 * The number of tries so far. With Retry On Fail, n8n runs a node again with the same IExecuteData
 * (WorkflowExecute.processRunExecutionData).
 */
const tries = new WeakMap<IExecuteData, number>();

/** Counts a try of the node. @returns the number of tries so far, with this one */
export function countTry(context: IExecuteFunctions): number {
	const data = context.getExecuteData();
	const count = (tries.get(data) ?? 0) + 1;
	tries.set(data, count);
	return count;
}

/**
 * Predicts whether n8n runs the node again after an output. Then the execution must not begin to wait, because that replaces the node's
 * input.
 *
 * @param count the number of tries so far, see `countTry`
 * @param output the output, whose first item decides, as it does for n8n (`checkFailure` in WorkflowExecute.processRunExecutionData)
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
