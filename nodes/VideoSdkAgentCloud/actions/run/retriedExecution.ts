import { randomUUID } from 'crypto';
import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { STARTS } from '../../api/starts';
import { forgetLeft, leaveForRetry, originInRetry, readInRetry } from '../../n8n/retryExecution';
import { findWrongContinuation } from '../../n8n/subExecution';
import { continuesOnFail } from '../../n8n/tool';
import { isFirstFor } from '../../trigger/firstExecution';
import { type Operation } from '../operation';
import { mayHaveStarted, type Outcome, type Outcomes, type Run } from './outcome';
import { isOneOfMany, isSecondRun } from './secondRun';

/** What to tell the user, see `findWrongContinuation`. */
const WRONG_CONTINUATIONS = {
	ended: [
		'This execution, or the one that runs it, was stopped or has failed',
		'This version of n8n continues it when its sub-workflow is over.',
	],
	early: [
		'The sub-workflow before this node is still waiting',
		'This version of n8n continues after the first wait. Put this node into the sub-workflow, or update n8n.',
	],
	lost: [
		"This version of n8n can't wait for a sub-workflow of each item",
		"In Execute Sub-workflow, set 'Mode' to 'Run once with all items', or update n8n.",
	],
	failed: [
		'The sub-workflow before this node has failed',
		'This version of n8n continues without its result. See what went wrong there, then execute this workflow again.',
	],
} as const;

/** An outcome as text, with the message of its error. */
type StoredOutcome = Omit<Outcome, 'error'> & { message?: string };
/** What a failed execution leaves, and an ID that it has alone. */
interface Left {
	id: string;
	stored: Array<StoredOutcome | null>;
}

/** Leaves what was started, or may have been, to the user's retry of the execution, which now fails. */
export function keepForRetry({ context, operation, outcomes }: Run): void {
	if (operation.starts === undefined || continuesOnFail(context)) return;
	const stored = outcomes.map((outcome): StoredOutcome | null => {
		if (!mayHaveStarted(outcome)) return null;
		const { error, ...rest } = outcome as Outcome;
		return { ...rest, message: error?.message };
	});
	leaveForRetry(context, JSON.stringify({ id: randomUUID(), stored } satisfies Left));
}

/**
 * @returns what `keepForRetry` has left; nothing if the user hasn't retried the execution
 * @throws NodeOperationError if another run of the execution, or an earlier retry, comes first, since what that one has started is
 * unknown here; or if n8n should not have continued the execution
 */
export async function outcomesBefore(
	context: IExecuteFunctions,
	{ starts, ends }: Operation,
): Promise<Outcomes> {
	if (starts === undefined && !ends) return [];
	const wrong = (await findWrongContinuation(context)) ?? ((await isOneOfMany(context)) ? 'lost' : undefined);
	// Hanging up is refused only while a sub-workflow is certainly still running.
	if (wrong && (starts || wrong === 'early')) {
		const [message, advice] = WRONG_CONTINUATIONS[wrong];
		throw new NodeOperationError(context.getNode(), message, { description: `Nothing was sent. ${advice}` });
	}
	if (starts === undefined) return [];
	if (await isSecondRun(context)) {
		throw new NodeOperationError(context.getNode(), 'n8n is running this execution a second time', {
			description: `Nothing was sent in this run. ${STARTS[starts].check}`,
		});
	}
	const text = readInRetry(context);
	const left = text === undefined ? undefined : (JSON.parse(text) as Left);
	// What failed before it came to the node has left nothing, and may be retried twice as well.
	const id = left?.id ?? originInRetry(context);
	// It stays with an execution that is refused: that may be retried, too.
	if (id !== undefined && !(await isFirstFor(context, id))) {
		throw new NodeOperationError(context.getNode(), 'This execution has already been retried', {
			description:
				'Nothing was sent. If that retry failed in this node, retry that one. Otherwise, execute the workflow with the items that are left.',
		});
	}
	forgetLeft(context);
	return (left?.stored ?? []).map((outcome, itemIndex) => {
		if (outcome === null) return undefined;
		const { message, ...rest } = outcome;
		if (message === undefined) return rest;
		const advice = { description: STARTS[starts].check, itemIndex };
		return { ...rest, error: new NodeOperationError(context.getNode(), message, advice) };
	});
}
