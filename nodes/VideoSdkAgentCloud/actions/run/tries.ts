import {
	type IExecuteData,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	NodeOperationError,
} from 'n8n-workflow';
import { type StartKind } from '../../api/starts';
import { type Outcome, type Outcomes } from './outcome';
import { outcomesBeforeRetry } from './retriedExecution';
import { continuesOnFail, isTool } from '../../n8n/tool';

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
 * A tool that n8n would try again starts nothing at all: each try of a tool has its own IExecuteData, so that a try cannot be told
 * from a new call by the agent.
 */
function beginTryOfTool(node: INode, none: Outcomes, starts: StartKind | undefined): Try {
	if (!node.retryOnFail || starts === undefined) return { outcomes: none, count: 1 };
	const error = new NodeOperationError(
		node,
		"Turn off 'Retry On Fail' in this node's settings. A tool that starts or creates something can't use it. Nothing was sent.",
	);
	// No later try differs, so this one also does what is left to do.
	return { outcomes: none.fill({ error }), count: MOST_TRIES };
}

/**
 * Begins a try of the node. Nothing that an earlier try started, or may have started, is started again: its outcome stands. A user who
 * retries a failed execution makes a try, too.
 *
 * @throws NodeOperationError if the execution has been retried before, unless each item has its own outcome
 */
export async function beginTry(
	context: IExecuteFunctions,
	itemCount: number,
	starts: StartKind | undefined,
): Promise<Try> {
	const node = context.getNode();
	const none: Outcomes = new Array<undefined>(itemCount).fill(undefined);
	if (isTool(context)) return beginTryOfTool(node, none, starts);
	const executeData = context.getExecuteData();
	const earlier = latestTries.get(executeData);
	earlier?.undoStop?.();
	const beforeRetry =
		starts && (await outcomesBeforeRetry(context, starts).catch((error: NodeOperationError) => error));
	if (beforeRetry instanceof Error) {
		if (!continuesOnFail(context)) throw beforeRetry;
		// n8n would hand on the input as if it were the output. The other retry may have started each item.
		return { outcomes: none.fill({ error: beforeRetry, isInDoubt: true }), count: MOST_TRIES };
	}
	const before = (starts && earlier?.outcomes) ?? beforeRetry ?? [];
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
