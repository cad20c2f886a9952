import {
	type ICredentialsDecrypted,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	NodeOperationError,
} from 'n8n-workflow';
import { credentialsOfItems } from '../../api/credential';
import { ItemReader } from '../../fields/reader';
import { readRequestOptions } from '../../fields/requestOptions';
import type { Operation } from '../operation';
import { failedOutcome, type Outcomes, startedInWords, stopError } from './outcome';
import { type PreparedItem, Runner } from './runner';
import { makeSearchable } from '../../shared/searchable';
import { continuesOnFail } from '../../shared/tool';
import { beginTry, isTriedAgain, type Try } from './tries';

/** Reads and checks all items that are to run before any request is sent. */
function prepareItems(
	context: IExecuteFunctions,
	operation: Operation,
	outcomes: Outcomes,
): Array<PreparedItem | undefined> {
	return outcomes.map((outcome, itemIndex) => {
		if (outcome !== undefined) return undefined;
		try {
			const read = new ItemReader(context, itemIndex);
			const options = readRequestOptions(read, operation.maxConcurrency);
			return { ...options, run: operation.prepare(read) };
		} catch (error) {
			// Thrown by our own checks, or by n8n when it cannot evaluate an expression.
			const failed = failedOutcome(context, error, itemIndex);
			if (!continuesOnFail(context)) {
				throw stopError(context, failed.error as Error, outcomes, operation.starts);
			}
			outcomes[itemIndex] = failed;
			return undefined;
		}
	});
}

/**
 * @returns the output items in the order of the input
 * @throws the error of the first item that failed, unless each item has its own outcome
 */
function toOutput(
	context: IExecuteFunctions,
	outcomes: Outcomes,
	{ starts }: Operation,
): INodeExecutionData[] {
	// A list of what there is says nothing about this execution.
	const single = outcomes.flatMap(({ records = [] } = {}) => (records.length === 1 ? records : []));
	makeSearchable(context, single);
	return outcomes.flatMap(({ records, binary, error } = {}, itemIndex) => {
		const pairedItem = { item: itemIndex };
		if (records) return records.map((json) => ({ json, pairedItem, ...(binary && { binary }) }));
		if (error === undefined) return [];
		if (!continuesOnFail(context)) throw stopError(context, error, outcomes, starts);
		return [{ json: { error: error.message }, pairedItem }];
	});
}

/**
 * Makes the output of an item that was started, while the operation's last step failed.
 *
 * @returns the record with `error`; with an error output `error` alone, since n8n moves only such items there
 */
function withError(context: IExecuteFunctions, record: IDataObject, message: string): IDataObject {
	if (record.error) return record;
	if (context.getNode().onError !== 'continueErrorOutput') return { ...record, error: message };
	const idField = ['sessionId', 'callId'].find((field) => record[field]);
	return { error: idField ? `${message} (${idField}: ${String(record[idField])})` : message };
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
			return output.map((item) => ({ ...item, json: withError(context, item.json, nodeError.message) }));
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
	// One limit and one pace for the execution: the first item's.
	const {
		maxConcurrency,
		batchSize = itemCount,
		batchIntervalMs = 0,
	} = items.find(Boolean) ?? { maxConcurrency: 1 };
	const credentialOfItem = credentialsOfItems(context, itemCount);
	const limit = Math.min(maxConcurrency, operation.maxInFlight ?? Infinity);
	const runner = new Runner(context, operation, outcomes, credentialOfItem, limit);
	// What failed its checks, or was started by an earlier try, takes no place in a batch.
	const open = items.flatMap((item, index) => (item ? [{ item, index }] : []));
	for (let first = 0; first < open.length && !runner.isStopped; first += batchSize) {
		if (first > 0) await runner.pause(batchIntervalMs);
		const batch = open.slice(first, first + batchSize);
		await Promise.all(batch.map(async ({ item, index }) => await runner.run(item, index)));
	}
	// n8n stores what a stopped execution put out before this node can give its output.
	const isCancelled = context.getExecutionCancelSignal()?.aborted;
	const started = operation.starts && isCancelled ? startedInWords(outcomes, operation.starts) : '';
	if (started) context.logger.warn(`The execution was stopped. ${started}`);
	return await complete(
		context,
		operation,
		current,
		toOutput(context, outcomes, operation),
		credentialOfItem,
	);
}
