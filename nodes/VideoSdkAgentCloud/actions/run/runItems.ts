import {
	type ICredentialsDecrypted,
	type IExecuteFunctions,
	type INodeExecutionData,
	NodeOperationError,
} from 'n8n-workflow';
import { simplifyCall } from '../../api/callRecord';
import { credentialsOfItems } from '../../api/credential';
import { ItemReader } from '../../fields/reader';
import { readRequestOptions } from '../../fields/requestOptions';
import type { Operation } from '../operation';
import { failedOutcome, type Outcome, type Outcomes, startedInWords, stopError } from './outcome';
import { type PreparedItem, Runner } from './runner';
import { makeSearchable } from '../../n8n/searchable';
import { toErrorOutput } from '../../n8n/errorOutput';
import { continuesOnFail } from '../../n8n/tool';
import { calleeOf, findSameNumbers, sameNumberError } from './sameNumber';
import { beginTry, isTriedAgain, type Try } from './tries';

/** The items of one run of an operation. */
interface Items {
	context: IExecuteFunctions;
	operation: Operation;
	/** Those that are to run, by their index. */
	prepared: Array<PreparedItem | undefined>;
	outcomes: Outcomes;
	/** Whom each item calls. */
	callees: Array<string | undefined>;
}

/** An item is not to run. @throws the error, unless each item has its own outcome */
function refuse({ context, operation, prepared, outcomes }: Items, itemIndex: number, error: unknown): void {
	const failed = failedOutcome(context, error, itemIndex);
	if (!continuesOnFail(context)) throw stopError(context, failed.error as Error, outcomes, operation.starts);
	outcomes[itemIndex] = failed;
	prepared[itemIndex] = undefined;
}

/** Reads and checks all items that are to run before any request is sent. */
function prepareItems(context: IExecuteFunctions, operation: Operation, outcomes: Outcomes): Items {
	const items: Items = { context, operation, outcomes, prepared: [], callees: [] };
	const { calleeField } = operation;
	const readers = outcomes.map((_, itemIndex) => new ItemReader(context, itemIndex));
	for (const [itemIndex, read] of readers.entries()) {
		if (outcomes[itemIndex] !== undefined) continue;
		try {
			const options = readRequestOptions(read, operation.maxConcurrency);
			const prepared = operation.prepare(read);
			items.prepared[itemIndex] =
				'run' in prepared ? { ...options, run: prepared.run, call: prepared } : { ...options, run: prepared };
		} catch (error) {
			// Thrown by our own checks, or by n8n when it cannot evaluate an expression.
			refuse(items, itemIndex, error);
		}
	}
	if (calleeField === undefined) return items;
	items.callees = readers.map(
		(read, itemIndex) => items.prepared[itemIndex]?.call?.to ?? calleeOf(read, calleeField),
	);
	for (const [itemIndex, others] of findSameNumbers(items.callees)) {
		const read = readers[itemIndex];
		if (read === undefined || items.prepared[itemIndex]?.call?.allowsSameNumber !== false) continue;
		refuse(items, itemIndex, sameNumberError(read, calleeField, String(items.callees[itemIndex]), others));
	}
	return items;
}

/** @returns the output item of an item that failed. Of a call it says whether it may have been made, and to whom */
function failedItem({ context, operation, callees }: Items, outcome: Outcome, itemIndex: number) {
	const error = outcome.error?.message;
	const pairedItem = { item: itemIndex };
	if (operation.starts !== 'call') return { json: { error }, pairedItem };
	const to = callees[itemIndex];
	const json = { outcome: outcome.isInDoubt ? 'inDoubt' : 'notCalled', ...(to && { to }), error };
	return onErrorOutput(context, { json, pairedItem });
}

/** @returns an item with an error as it leaves the node */
function onErrorOutput(context: IExecuteFunctions, item: INodeExecutionData): INodeExecutionData {
	return context.getNode().onError === 'continueErrorOutput' ? toErrorOutput(item) : item;
}

/**
 * @returns the output items in the order of the input
 * @throws the error of the first item that failed, unless each item has its own outcome
 */
function toOutput(items: Items): INodeExecutionData[] {
	const { context, operation, outcomes } = items;
	// A list of what there is says nothing about this execution.
	const single = outcomes.flatMap(({ records = [] } = {}) => (records.length === 1 ? records : []));
	makeSearchable(context, single);
	return outcomes.flatMap((outcome = {}, itemIndex): INodeExecutionData[] => {
		const { records, binary, error } = outcome;
		const pairedItem = { item: itemIndex };
		if (records) return records.map((json) => ({ json, pairedItem, ...(binary && { binary }) }));
		if (error === undefined) return [];
		if (!continuesOnFail(context)) throw stopError(context, error, outcomes, operation.starts);
		return [failedItem(items, outcome, itemIndex)];
	});
}

/** @returns the output of an item that was started, while the operation's last step failed */
function withError(
	context: IExecuteFunctions,
	{ starts }: Operation,
	item: INodeExecutionData,
	message: string,
): INodeExecutionData {
	if (item.json.error || item.json.outcome === 'notCalled') return item;
	const json = { ...(starts === 'call' ? simplifyCall(item.json) : item.json), error: message };
	return onErrorOutput(context, { ...item, json });
}

/** Does what is left to do, unless n8n will run the node again: an execution must not wait for one try while another runs. */
async function complete(
	context: IExecuteFunctions,
	operation: Operation,
	current: Try,
	output: INodeExecutionData[],
	credentialOfItem: (itemIndex: number) => () => Promise<ICredentialsDecrypted>,
): Promise<INodeExecutionData[]> {
	if (operation.complete === undefined || isTriedAgain(context, current, output)) return output;
	const { data } = context.getExecuteData();
	const input = data.main;
	try {
		current.final = await operation.complete(context, output, credentialOfItem);
		return current.final;
	} catch (error) {
		// The next try reads the same items again.
		if (input) data.main = input;
		// What was started is still running, so the error names it.
		const nodeError = new NodeOperationError(context.getNode(), error as Error);
		if (operation.starts !== undefined && continuesOnFail(context)) {
			return output.map((item) => withError(context, operation, item, nodeError.message));
		}
		throw stopError(context, nodeError, current.outcomes, operation.starts);
	}
}

/**
 * Runs an operation for all input items, several at a time. The life of an item: prepared, then one step after another, then started,
 * failed for certain (its steps are undone), or in doubt (nothing is undone, nothing is sent again).
 *
 * When an item fails, nothing new is begun and what is in flight is awaited; then the node stops. With "continue on error", and as
 * a tool, each item has its own outcome. An item that has begun goes on before another one begins.
 *
 * @returns the output items in the order of the input, each paired with its input item
 * @throws NodeApiError or NodeOperationError of the first item that failed, naming what was started so far
 */
export async function runItems(
	context: IExecuteFunctions,
	operation: Operation,
): Promise<INodeExecutionData[]> {
	const itemCount = context.getInputData().length;
	if (itemCount === 0) return [];
	const current = beginTry(context, itemCount, operation.starts);
	const { outcomes, final } = current;
	if (final) return final;
	const items = prepareItems(context, operation, outcomes);
	const { prepared } = items;
	// One limit and one pace for the execution: the first item's.
	const {
		maxConcurrency,
		batchSize = itemCount,
		batchIntervalMs = 0,
	} = prepared.find(Boolean) ?? { maxConcurrency: 1 };
	const credentialOfItem = credentialsOfItems(context, itemCount);
	const limit = Math.min(maxConcurrency, operation.maxInFlight ?? Infinity);
	const runner = new Runner(context, operation, outcomes, credentialOfItem, limit);
	// What failed its checks, or was started by an earlier try, takes no place in a batch.
	const open = prepared.flatMap((item, index) => (item ? [{ item, index }] : []));
	for (let first = 0; first < open.length && !runner.isStopped; first += batchSize) {
		if (first > 0) await runner.pause(batchIntervalMs);
		const batch = open.slice(first, first + batchSize);
		await Promise.all(batch.map(async ({ item, index }) => await runner.run(item, index)));
	}
	// n8n stores what a stopped execution put out before this node can give its output.
	const isCancelled = context.getExecutionCancelSignal()?.aborted;
	const started = operation.starts && isCancelled ? startedInWords(outcomes, operation.starts) : '';
	if (started) context.logger.warn(`The execution was stopped. ${started}`);
	return await complete(context, operation, current, toOutput(items), credentialOfItem);
}
