import type {
	IDataObject,
	IExecuteData,
	IExecuteFunctions,
	INodeExecutionData,
	JsonObject,
} from 'n8n-workflow';
import { NodeApiError, NodeOperationError, sleep } from 'n8n-workflow';
import type { RequestOptions } from '../fields/requestOptions';
import { readRequestOptions } from '../fields/requestOptions';
import { mayHaveBeenCarriedOut } from '../transport/failure';
import type { Startable } from '../transport/messages';
import { lookFirst } from '../transport/messages';
import type { Send } from '../transport/request';
import { apiRequest, failureOf } from '../transport/request';
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

/** @returns whether the item's start may have been carried out although it failed */
function isDoubtful(outcome: Outcome): boolean {
	const failure = outcome !== undefined && 'error' in outcome ? failureOf(outcome.error) : undefined;
	return failure !== undefined && mayHaveBeenCarriedOut(failure);
}

/**
 * What was started before the node stopped, or may have been: it costs money and must not be lost from sight.
 *
 * @returns sentences; empty if nothing was
 */
function startedInWords(outcomes: Outcome[], starts: Startable, error?: Error): string {
	const started = outcomes.flatMap((outcome, itemIndex) =>
		outcome !== undefined && 'records' in outcome
			? outcome.records.map(({ sessionId }) => String(sessionId ?? `the one of item ${itemIndex}`))
			: [],
	);
	const doubtful = outcomes.flatMap((outcome, itemIndex) =>
		isDoubtful(outcome) && (outcome as { error: Error }).error !== error ? [itemIndex] : [],
	);
	const sentences = [
		started.length > 0 &&
			`${started.length === 1 ? 'One session was' : `${started.length} sessions were`} started before: ${started.join(', ')}.`,
		doubtful.length > 0 &&
			`The session of item ${doubtful.join(', ')} may have been started, too: ${lookFirst(starts)}`,
	];
	return sentences.filter(Boolean).join(' ');
}

/** Adds to the error of one item what the others did. */
function stopError(
	context: IExecuteFunctions,
	error: Error,
	outcomes: Outcome[],
	starts: Startable | undefined,
): Error {
	const started = starts && startedInWords(outcomes, starts, error);
	if (!started) return error;
	const { description, httpCode, context: details } = error as NodeApiError;
	return new NodeApiError(context.getNode(), {} as JsonObject, {
		message: error.message,
		description: [started, description].filter(Boolean).join(' '),
		httpCode: httpCode ?? undefined,
		itemIndex: details?.itemIndex as number | undefined,
	});
}

/**
 * What became of the items in an earlier try of the same step: with "Retry On Fail" n8n runs the whole node again, with the same
 * execute data.
 */
const earlierTries = new WeakMap<IExecuteData, Outcome[]>();

/**
 * Makes the list for the outcomes of a try. No session that an earlier try started, or may have started, is started again: its
 * outcome stands.
 *
 * @throws NodeOperationError for a tool that n8n would try again: it cannot be told what is a try and what a new call
 */
function outcomesOfTry(context: IExecuteFunctions, itemCount: number, starts?: Startable): Outcome[] {
	const outcomes = new Array<Outcome>(itemCount).fill(undefined);
	const node = context.getNode();
	if (starts === undefined || !node.retryOnFail) return outcomes;
	if (node.type.endsWith('Tool')) {
		throw new NodeOperationError(node, 'A tool that starts sessions cannot have "Retry On Fail"', {
			description:
				'Nothing was sent. Switch it off in the settings of this node: it would start a session twice.',
		});
	}
	const executeData = context.getExecuteData();
	for (const [itemIndex, outcome] of (earlierTries.get(executeData) ?? []).entries()) {
		if (outcome && ('records' in outcome || isDoubtful(outcome))) outcomes[itemIndex] = outcome;
	}
	earlierTries.set(executeData, outcomes);
	return outcomes;
}

/**
 * Runs an operation for all input items, several at a time.
 *
 * When an item fails, nothing new is begun and what is in flight is awaited; then the node stops. With "continue on error" each
 * item has its own outcome.
 *
 * @param starts what the operation starts, if anything: then nothing is started again when n8n tries the node again
 * @returns the output items in the order of the input, each paired with its input item
 * @throws NodeApiError or NodeOperationError of the first item that failed, naming the sessions started so far
 */
export async function runItems(
	context: IExecuteFunctions,
	operation: Operation,
	starts?: Startable,
): Promise<INodeExecutionData[]> {
	const itemCount = context.getInputData().length;
	if (itemCount === 0) return [];
	const items = prepareItems(context, operation, itemCount);
	// One bound for the run: the first item's.
	const pace = new Pace(items.find((item) => 'call' in item)?.maxConcurrency ?? 1);
	const cancelSignal = context.getExecutionCancelSignal();
	const credential = sharedCredential(context);
	const outcomes = outcomesOfTry(context, itemCount, starts);
	const continuesOnFail = context.continueOnFail();
	/** Aborted when an item failed for good; an earlier try may have done so. */
	const failure = new AbortController();
	if (!continuesOnFail && outcomes.some((outcome) => outcome && 'error' in outcome)) failure.abort();
	const stopSignal = AbortSignal.any([failure.signal, ...(cancelSignal ? [cancelSignal] : [])]);

	const runItem = async ({ call, timeoutMs }: PreparedItem, itemIndex: number): Promise<void> => {
		const send: Send = async (request, read) =>
			await new Promise((resolve, reject) => {
				void pace.run(async () => {
					try {
						if (stopSignal.aborted) throw new NotBegun();
						const result = await apiRequest(
							context,
							{
								...request,
								timeoutMs,
								itemIndex,
								credential,
								stopSignal,
								onRateLimited: () => pace.slowDown(),
							},
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
			const result = await call(send, stopSignal);
			outcomes[itemIndex] = { records: Array.isArray(result) ? result : [result] };
		} catch (error) {
			if (error instanceof NotBegun) return;
			outcomes[itemIndex] = { error: asNodeError(context, error, itemIndex) };
			if (!continuesOnFail) failure.abort();
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
	const started = starts && cancelSignal?.aborted ? startedInWords(outcomes, starts) : '';
	if (started) context.logger.warn(`The execution was stopped. ${started}`);

	const output: INodeExecutionData[] = [];
	for (const [itemIndex, outcome] of outcomes.entries()) {
		if (outcome === undefined) continue;
		if ('error' in outcome) {
			if (!continuesOnFail) throw stopError(context, outcome.error, outcomes, starts);
			output.push({ json: { error: outcome.error.message }, pairedItem: { item: itemIndex } });
			continue;
		}
		for (const json of outcome.records) output.push({ json, pairedItem: { item: itemIndex } });
	}
	return output;
}
