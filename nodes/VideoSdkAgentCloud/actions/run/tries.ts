import type { IExecuteData, IExecuteFunctions, INodeExecutionData, NodeOperationError } from 'n8n-workflow';
import { type Operation } from '../operation';
import { type Outcome, type Outcomes } from './outcome';
import { outcomesBefore } from './retriedExecution';
import { refusalOfTool } from './toolUse';
import { continuesOnFail, isTool } from '../../n8n/tool';
import { outputOfEarlierWait } from '../../n8n/wait';
import { waitAgain } from '../../waiting/putToWait';

/** How often n8n runs a node with "Retry On Fail" (WorkflowExecute.getRetryParams). */
const DEFAULT_TRIES = 3;
const FEWEST_TRIES = 2;
const MOST_TRIES = 5;

/** One try of a node. */
export interface Try {
	/** By item. What an earlier try started, or may have started, is there already. */
	outcomes: Outcomes;
	/** How many tries there were, this one included. */
	count: number;
	/**
	 * The output of the operation's last step, which may have made the execution wait. If n8n still runs the node again, it gets this
	 * output again, because the input has been replaced by then, see `park`. n8n counts tries differently (one that throws isn't
	 * counted while an output with an error is tried again), and takes other values of `error` for a failure: '' in 2.x, null in 1.x.
	 */
	final?: INodeExecutionData[];
	/** Takes back what the operation has arranged for what was started, since the try failed, see `Operation.stop`. */
	undoStop?: () => void;
}

/**
 * The latest try of a node: with "Retry On Fail" n8n runs the whole node again, with the same IExecuteData (the retry loop of
 * WorkflowExecute.processRunExecutionData).
 */
const latestTries = new WeakMap<IExecuteData, Try>();

/**
 * Begins a try of the node. Nothing that an earlier try started, or may have started, is started again: its outcome stands. A user who
 * retries a failed execution makes a try, too.
 *
 * @throws NodeOperationError if the execution has been retried before, or runs twice, unless each item has its own outcome
 */
export async function beginTry(
	context: IExecuteFunctions,
	itemCount: number,
	operation: Operation,
): Promise<Try> {
	const { starts } = operation;
	const node = context.getNode();
	const none: Outcomes = new Array<undefined>(itemCount).fill(undefined);
	if (isTool(context)) {
		const refusal = await refusalOfTool(context, operation);
		// No later try differs, so this one also does what is left to do.
		return refusal ? { outcomes: none.fill(refusal), count: MOST_TRIES } : { outcomes: none, count: 1 };
	}
	const executeData = context.getExecuteData();
	const earlier = latestTries.get(executeData);
	earlier?.undoStop?.();
	const output = earlier === undefined ? outputOfEarlierWait(context) : undefined;
	if (output) return { outcomes: none, count: MOST_TRIES, final: output };
	const beforeRetry = await outcomesBefore(context, operation).catch((error: NodeOperationError) => error);
	if (beforeRetry instanceof Error) {
		const final = operation.stop && (await waitAgain(context));
		if (final) return { outcomes: none, count: MOST_TRIES, final };
		if (!continuesOnFail(context)) throw beforeRetry;
		// n8n would hand on the input as if it were the output. The other run may have started each item.
		return { outcomes: none.fill({ error: beforeRetry, isInDoubt: true }), count: MOST_TRIES };
	}
	const before = (starts && earlier?.outcomes) ?? beforeRetry;
	const latest: Try = {
		outcomes: none.map((_, itemIndex): Outcome | undefined => {
			const outcome = before[itemIndex];
			return outcome?.records || outcome?.isInDoubt ? outcome : undefined;
		}),
		count: (earlier?.count ?? 0) + 1,
		final: earlier?.final,
	};
	if (node.retryOnFail) latestTries.set(executeData, latest);
	return latest;
}

/**
 * @param output the first item decides: n8n looks at no other (`checkFailure` in WorkflowExecute)
 * @returns whether n8n will run the node again after this output
 */
export function isTriedAgain(
	context: IExecuteFunctions,
	{ count }: Try,
	[first]: INodeExecutionData[],
): boolean {
	const { retryOnFail, maxTries } = context.getNode();
	const allowed = Math.min(MOST_TRIES, Math.max(FEWEST_TRIES, maxTries || DEFAULT_TRIES));
	return Boolean(retryOnFail) && count < allowed && Boolean(first?.json.error);
}
