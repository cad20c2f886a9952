import type { IDataObject, IExecuteFunctions, INodeExecutionData, JsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError, sleep } from 'n8n-workflow';
import type { RequestOptions } from '../fields/requestOptions';
import { readRequestOptions } from '../fields/requestOptions';
import type { Send } from '../transport/request';
import { apiRequest } from '../transport/request';
import { sharedCredential } from '../transport/sharedCredential';
import type { Call, Operation } from './operation';
import { Pace } from './pace';

/** What became of an item: its records, or why there are none. Undefined: not begun, because another item failed. */
type Outcome = { records: IDataObject[] } | { error: Error } | undefined;

/** An item whose fields were read and found good. */
interface PreparedItem extends RequestOptions {
	call: Call;
}

/** Thrown in place of a request that is not made any more, because another item failed or the execution was stopped. */
class NotBegun extends Error {}

/** Reads and checks all items before any request is made. */
function prepareItems(
	context: IExecuteFunctions,
	operation: Operation,
	itemCount: number,
): Array<PreparedItem | { error: Error }> {
	const continuesOnFail = context.continueOnFail();
	return Array.from({ length: itemCount }, (_, itemIndex) => {
		try {
			const { maxConcurrency, timeoutMs } = readRequestOptions(context, itemIndex);
			return { call: operation.prepare(context, itemIndex), maxConcurrency, timeoutMs };
		} catch (error) {
			// Thrown by our own checks, or by n8n when it cannot evaluate an expression.
			const nodeError = asNodeError(context, error, itemIndex);
			if (!continuesOnFail) throw new NodeOperationError(context.getNode(), nodeError);
			return { error: nodeError };
		}
	});
}

function asNodeError(context: IExecuteFunctions, error: unknown, itemIndex: number): Error {
	return error instanceof NodeApiError || error instanceof NodeOperationError
		? error
		: new NodeOperationError(context.getNode(), error as Error, { itemIndex });
}

/** Lists the ids of the sessions that were started before the node stopped: they cost money and must not be lost from sight. */
function startedSessionIds(outcomes: Outcome[]): string[] {
	return outcomes.flatMap((outcome) =>
		outcome !== undefined && 'records' in outcome
			? outcome.records.map(({ sessionId }) => String(sessionId))
			: [],
	);
}

/** Adds to the error of one item what the others did. */
function stopError(
	context: IExecuteFunctions,
	error: Error,
	outcomes: Outcome[],
	startsSessions: boolean,
): Error {
	const ids = startsSessions ? startedSessionIds(outcomes) : [];
	if (ids.length === 0) return error;
	const { description, httpCode, context: details } = error as NodeApiError;
	const started = `${ids.length === 1 ? 'One session was' : `${ids.length} sessions were`} started before: ${ids.join(', ')}.`;
	return new NodeApiError(context.getNode(), {} as JsonObject, {
		message: error.message,
		description: [started, description].filter(Boolean).join(' '),
		httpCode: httpCode ?? undefined,
		itemIndex: details?.itemIndex as number | undefined,
	});
}

/**
 * Runs an operation for all input items, several at a time.
 *
 * When an item fails, nothing new is begun and what is in flight is awaited; then the node stops. With "continue on error" each
 * item has its own outcome.
 *
 * @param startsSessions whether a record of the operation is a session that was started
 * @returns the output items in the order of the input, each paired with its input item
 * @throws NodeApiError or NodeOperationError of the first item that failed, naming the sessions started so far
 */
export async function runItems(
	context: IExecuteFunctions,
	operation: Operation,
	startsSessions: boolean,
): Promise<INodeExecutionData[]> {
	const itemCount = context.getInputData().length;
	if (itemCount === 0) return [];
	const items = prepareItems(context, operation, itemCount);
	// One bound for the run: the first item's.
	const pace = new Pace(items.find((item) => 'call' in item)?.maxConcurrency ?? 1);
	const cancelSignal = context.getExecutionCancelSignal();
	const credential = sharedCredential(context);
	const outcomes: Outcome[] = new Array<Outcome>(itemCount);
	const continuesOnFail = context.continueOnFail();
	let isStopping = false;

	const runItem = async ({ call, timeoutMs }: PreparedItem, itemIndex: number): Promise<void> => {
		const send: Send = async (request, read) =>
			await new Promise((resolve, reject) => {
				void pace.run(async () => {
					try {
						if (isStopping || cancelSignal?.aborted) throw new NotBegun();
						const result = await apiRequest(
							context,
							{ ...request, timeoutMs, itemIndex, credential, onRateLimited: () => pace.slowDown() },
							read,
						);
						pace.recover();
						resolve(result);
					} catch (error) {
						reject(error);
						// Only when this item has taken note of its failure may another one begin.
						await sleep(0);
					}
				});
			});
		try {
			const result = await call(send);
			outcomes[itemIndex] = { records: Array.isArray(result) ? result : [result] };
		} catch (error) {
			if (error instanceof NotBegun) return;
			outcomes[itemIndex] = { error: asNodeError(context, error, itemIndex) };
			if (!continuesOnFail) isStopping = true;
		}
	};
	await Promise.all(
		items.map(async (item, itemIndex) => {
			if ('call' in item) await runItem(item, itemIndex);
			else outcomes[itemIndex] = item;
		}),
	);

	const output: INodeExecutionData[] = [];
	for (const [itemIndex, outcome] of outcomes.entries()) {
		if (outcome === undefined) continue;
		if ('error' in outcome) {
			if (!continuesOnFail) throw stopError(context, outcome.error, outcomes, startsSessions);
			output.push({ json: { error: outcome.error.message }, pairedItem: { item: itemIndex } });
			continue;
		}
		for (const json of outcome.records) output.push({ json, pairedItem: { item: itemIndex } });
	}
	return output;
}
