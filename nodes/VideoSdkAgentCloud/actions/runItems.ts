import type { ICredentialsDecrypted, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError, sleep } from 'n8n-workflow';
import type { Send } from '../api/client';
import { apiRequest } from '../api/client';
import { credentialsOfItems } from '../api/credential';
import { makeSearchable } from '../api/customData';
import { ItemReader } from '../fields/reader';
import type { RequestOptions } from '../fields/requestOptions';
import { readRequestOptions } from '../fields/requestOptions';
import type { Call, Operation } from './operation';
import { RecordWithFile } from './operation';
import type { Outcome } from './outcome';
import { asNodeError, startedInWords, stopError } from './outcome';
import { Pace } from './pace';
import { outcomesOfTry } from './retryOnFail';

/** An item whose fields were read and are valid. */
interface PreparedItem extends RequestOptions {
	call: Call;
}

/** Thrown in place of a request that is not sent any more, because another item failed or the execution was stopped. */
class NotBegun extends Error {}

/**
 * An AI agent is told of a failure only by an output: n8n gives it an empty result for a tool that throws, and it would try again.
 * (`isToolExecution()` is false in an execute context, so the type decides: NodeTypes.getByNameAndVersion appends "Tool".)
 */
function continuesOnFail(context: IExecuteFunctions): boolean {
	return context.continueOnFail() || context.getNode().type.endsWith('Tool');
}

/** Reads and checks all items before any request is sent. */
function prepareItems(
	context: IExecuteFunctions,
	operation: Operation,
	itemCount: number,
): Array<PreparedItem | { error: Error }> {
	return Array.from({ length: itemCount }, (_, itemIndex) => {
		try {
			const read = new ItemReader(context, itemIndex);
			const { maxConcurrency, timeoutMs } = readRequestOptions(read, operation.maxConcurrency);
			return { call: operation.prepare(read), maxConcurrency, timeoutMs };
		} catch (error) {
			// Thrown by our own checks, or by n8n when it cannot evaluate an expression.
			const nodeError = asNodeError(context, error, itemIndex);
			if (!continuesOnFail(context)) throw new NodeOperationError(context.getNode(), nodeError);
			return { error: nodeError };
		}
	});
}

/**
 * Makes the function by which an item waits for its turn.
 *
 * @param stopSignal aborted when the execution was stopped, or another item failed
 */
function inTurnOf(pace: Pace, stopSignal: AbortSignal) {
	return async <T>(work: () => Promise<T>, isCleanUp = false): Promise<T> =>
		await new Promise((resolve, reject) => {
			void pace.run(async () => {
				try {
					if (stopSignal.aborted && !isCleanUp) throw new NotBegun();
					resolve(await work());
				} catch (error) {
					reject(error);
					// Only when this item has taken note of its failure may another one begin.
					await sleep(0);
				}
			});
		});
}

/** Makes the function by which an item sends its requests: when it is their turn, and not after a stop. */
function sendOfItem(
	context: IExecuteFunctions,
	itemIndex: number,
	timeoutMs: number,
	pace: Pace,
	credential: () => Promise<ICredentialsDecrypted>,
	stopSignal: AbortSignal,
): Send {
	const inTurn = inTurnOf(pace, stopSignal);
	const onRateLimited = () => pace.slowDown();
	return async (request, read) =>
		await inTurn(async () => {
			const result = await apiRequest(
				context,
				{ timeoutMs, ...request, itemIndex, credential, stopSignal, onRateLimited },
				read,
			);
			pace.recover();
			return result;
		}, request.isCleanUp);
}

/**
 * @returns the output items in the order of the input
 * @throws the error of the first item that failed, unless each item has its own outcome
 */
function toOutput(
	context: IExecuteFunctions,
	outcomes: Outcome[],
	{ starts }: Operation,
): INodeExecutionData[] {
	const records = outcomes.flatMap((outcome) => (outcome && 'records' in outcome ? [outcome.records] : []));
	// A list of what there is says nothing about this execution.
	makeSearchable(context, records.filter(({ length }) => length === 1).flat());
	return outcomes.flatMap((outcome, itemIndex) => {
		if (outcome === undefined) return [];
		const pairedItem = { item: itemIndex };
		if ('records' in outcome) {
			const { records, binary } = outcome;
			return records.map((json) => ({ json, pairedItem, ...(binary && { binary }) }));
		}
		if (!continuesOnFail(context)) throw stopError(context, outcome.error, outcomes, starts);
		return [{ json: { error: outcome.error.message }, pairedItem }];
	});
}

/**
 * Runs an operation for all input items, several at a time.
 *
 * When an item fails, nothing new is begun and what is in flight is awaited; then the node stops. With "continue on error", and as
 * a tool, each item has its own outcome.
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
	const items = prepareItems(context, operation, itemCount);
	// One bound for the execution: the first item's.
	const maxConcurrency = items.find((item) => 'call' in item)?.maxConcurrency ?? 1;
	const pace = new Pace(Math.min(maxConcurrency, operation.maxInFlight ?? Infinity));
	const cancelSignal = context.getExecutionCancelSignal();
	const outcomes = outcomesOfTry(context, itemCount, operation.starts);
	/** Aborted when an item failed for good; an earlier try may have done so. */
	const failure = new AbortController();
	const stopsOnFail = !continuesOnFail(context);
	if (stopsOnFail && outcomes.some((outcome) => outcome && 'error' in outcome)) failure.abort();
	const stopSignal = AbortSignal.any([failure.signal, ...(cancelSignal ? [cancelSignal] : [])]);
	const credentialOfItem = credentialsOfItems(context, itemCount);

	const runItem = async ({ call, timeoutMs }: PreparedItem, itemIndex: number): Promise<void> => {
		try {
			const send = sendOfItem(context, itemIndex, timeoutMs, pace, credentialOfItem(itemIndex), stopSignal);
			const result = await call(send, stopSignal, inTurnOf(pace, stopSignal));
			outcomes[itemIndex] =
				result instanceof RecordWithFile
					? { records: [result.json], binary: result.binary }
					: { records: Array.isArray(result) ? result : [result] };
		} catch (error) {
			if (error instanceof NotBegun) return;
			outcomes[itemIndex] = { error: asNodeError(context, error, itemIndex) };
			if (stopsOnFail) failure.abort();
		}
	};
	await Promise.all(
		items.map(async (item, itemIndex) => {
			if (outcomes[itemIndex] !== undefined) return;
			if ('call' in item) await runItem(item, itemIndex);
			else outcomes[itemIndex] = item;
		}),
	);
	// n8n stores what a stopped execution put out before this node can give its output.
	const started = operation.starts && cancelSignal?.aborted ? startedInWords(outcomes, operation.starts) : '';
	if (started) context.logger.warn(`The execution was stopped. ${started}`);
	const output = toOutput(context, outcomes, operation);
	if (operation.complete === undefined) return output;
	try {
		return await operation.complete(context, output, credentialOfItem);
	} catch (error) {
		// What was started goes on, so the error names it.
		throw stopError(context, asNodeError(context, error, 0), outcomes, operation.starts);
	}
}
