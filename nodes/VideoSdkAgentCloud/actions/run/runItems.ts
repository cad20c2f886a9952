import { type IExecuteFunctions, type INodeExecutionData, NodeOperationError } from 'n8n-workflow';
import { credentialsOfItems } from '../../api/http/credential';
import { pause } from '../../api/http/pause';
import { ItemReader, RunParameters } from '../../fields/kit/reader';
import { countTry, isTriedAgain } from '../../n8n/lastTry';
import { forgetStarts, readNote } from '../../n8n/retryNote';
import { timersUntilMs } from '../../n8n/timers';
import { continuesOnFail } from '../../n8n/tool';
import { type ItemWaits, type Operation } from '../operation';
import { type ProcessState } from '../processState';
import { type Left, type StartRun } from '../start/itemStart';
import { leaveToRetry } from '../start/leftToRetry';
import { Once } from '../start/once';
import { baseOf } from '../start/startKey';
import { type Outcomes, type Run, stopError } from './itemOutcome';
import { toOutput, withError } from './output';
import { type Items, itemsToWaitFor, prepareItems } from './prepareItems';
import { runPrepared } from './runPrepared';

const waitsOf = ({ credentialOfItem: credential, outcomes, state }: Run): ItemWaits => ({
	credential,
	sentOf: (item) => outcomes[item]?.wait,
	state: state.waits,
});

/** Calls the operation's `complete`. @throws its error, with what is still running, unless each item has its own outcome */
async function complete(run: Run, output: INodeExecutionData[]): Promise<INodeExecutionData[]> {
	const { context, operation } = run;
	const { data } = context.getExecuteData();
	const input = data.main;
	try {
		return (await operation.complete?.(context, output, waitsOf(run))) ?? output;
	} catch (error) {
		// With Retry On Fail, the next try has to read the same items, which `putExecutionToWait` may have replaced.
		if (input) data.main = input;
		const nodeError = new NodeOperationError(context.getNode(), error as Error);
		if (operation.starts === undefined || !continuesOnFail(context)) throw stopError(run, nodeError);
		await stop(run);
		return output.map((item, index) => withError(run, item, index, nodeError.message));
	}
}

/** Calls the operation's `stop` for what was started, because the execution won't wait for it. Never throws. */
async function stop(run: Run): Promise<void> {
	const { context, operation, outcomes } = run;
	const started = outcomes.flatMap(({ records = [] } = {}, item) =>
		records.map((json) => ({ json, pairedItem: { item } })),
	);
	await operation.stop?.(context, started, waitsOf(run)).catch(({ message }: Error) => {
		context.logger.warn(`What was started can't be ended when Max Wait ends. ${message}`);
	});
}

/** @returns what the starts of an operation have in common; undefined if it starts nothing */
function startRunOf({ context, operation, state }: Run): StartRun | undefined {
	const { starts: kind, complete: wait, isQuestion = false } = operation;
	if (kind === undefined) return undefined;
	const note = readNote<Left>(context);
	return {
		context,
		kind,
		isAwaited: wait !== undefined,
		isQuestion,
		base: baseOf(context),
		note,
		state: state.starts,
		once: new Once(),
		searches: new Map(),
	};
}

/**
 * Runs an operation for all input items, several at a time: reads and checks all of them, gives each one its turn, and makes the output.
 * What starts something goes through actions/start/startItem.ts.
 *
 * When an item fails, no other item begins, and the node stops as soon as nothing is in flight. With "continue on error", and as a tool,
 * each item has its own outcome.
 *
 * @returns the output items in the order of the input, each paired with its input item
 * @throws NodeApiError or NodeOperationError of the first item that failed, naming what was started so far
 */
export async function runItems(
	context: IExecuteFunctions,
	operation: Operation,
	state: ProcessState,
): Promise<INodeExecutionData[]> {
	const itemCount = context.getInputData().length;
	if (itemCount === 0) return [];
	const tryCount = countTry(context);
	const begunAtMs = Date.now();
	const outcomes: Outcomes = new Array<undefined>(itemCount).fill(undefined);
	const credentialOfItem = credentialsOfItems(context, itemCount);
	const parameters = new RunParameters(context);
	const readers = outcomes.map((_, itemIndex) => new ItemReader(context, itemIndex, parameters));
	const run: Run = { context, operation, outcomes, credentialOfItem, callees: [], state };
	const items: Items = { ...run, prepared: [], readers, starts: startRunOf(run) };
	let hasFailed = true;
	try {
		await prepareItems(items);
		// The timer of an earlier wait could end the new wait (`timersUntilMs`), so it has to fire first.
		if (itemsToWaitFor(items).length > 0) {
			const nowMs = Date.now();
			await pause(timersUntilMs(context, nowMs) - nowMs, context.getExecutionCancelSignal());
		}
		await runPrepared(items);
		const started = toOutput(items);
		// A wait replaces the node's input, so it begins only once no other try can follow.
		const isLast = !isTriedAgain(context, tryCount, started);
		if (!isLast) await stop(items);
		const output = isLast ? await complete(items, started) : started;
		forgetStarts(context);
		hasFailed = false;
		return output;
	} finally {
		if (hasFailed) {
			if (items.starts) leaveToRetry(items.starts, begunAtMs);
			await stop(items);
		}
	}
}
