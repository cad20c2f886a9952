import type { IExecuteData, IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import type { Startable } from '../api/startable';
import type { Outcome } from './outcome';
import { isOutcomeInDoubt } from './outcome';

/**
 * What became of the items in an earlier try of the same node: with "Retry On Fail" n8n runs the whole node again, with the same
 * IExecuteData (the retry loop of WorkflowExecute.processRunExecutionData).
 */
const earlierTries = new WeakMap<IExecuteData, Outcome[]>();

/**
 * Makes the list for the outcomes of a try. Nothing that an earlier try started, or may have started, is started again: its outcome
 * stands.
 *
 * A tool that n8n would try again starts nothing at all: each try of a tool has its own IExecuteData, so that a try cannot be told
 * from a new call by the agent.
 */
export function outcomesOfTry(
	context: IExecuteFunctions,
	itemCount: number,
	starts: Startable | undefined,
): Outcome[] {
	const outcomes = new Array<Outcome>(itemCount).fill(undefined);
	const node = context.getNode();
	if (starts === undefined || !node.retryOnFail) return outcomes;
	if (node.type.endsWith('Tool')) {
		const error = new NodeOperationError(
			node,
			"A tool that costs money cannot have 'Retry On Fail': switch it off in the settings of this node. Nothing was sent.",
		);
		return outcomes.fill({ error });
	}
	const executeData = context.getExecuteData();
	for (const [itemIndex, outcome] of (earlierTries.get(executeData) ?? []).entries()) {
		if (outcome && ('records' in outcome || isOutcomeInDoubt(outcome))) outcomes[itemIndex] = outcome;
	}
	earlierTries.set(executeData, outcomes);
	return outcomes;
}
