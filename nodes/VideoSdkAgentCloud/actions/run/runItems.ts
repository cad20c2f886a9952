import { type IExecuteFunctions, type INodeExecutionData, NodeOperationError, sleep } from 'n8n-workflow';
import { type ItemRun, type Operation } from '../operation';
import { simplifyCall } from '../../api/callRecord';
import { credentialsOfItems } from '../../api/credential';
import { pause } from '../../api/pause';
import { ItemReader } from '../../fields/reader';
import { readRequestOptions } from '../../fields/requestOptions';
import { toErrorOutput } from '../../n8n/errorOutput';
import { makeSearchable } from '../../n8n/searchable';
import { continuesOnFail, isTool } from '../../n8n/tool';
import { timersUntilMs } from '../../n8n/wait';
import { keyOf } from '../../waiting/account';
import { failedOutcome, type Run, startedInWords, stopError } from './outcome';
import { keepForRetry } from './retriedExecution';
import { type PreparedItem, Runner } from './runner';
import { calleeOf, findSameNumbers, sameNumberError } from './sameNumber';
import { claimUse } from './toolUse';
import { beginTry, isTriedAgain, type Try } from './tries';

/** Others in this n8n wait so long at most. Evaluating the expressions of an item takes up to 6 ms. */
const TURN_MS = 50;

/** @returns the output of an item that was started, while the operation's last step failed */
function withError(run: Run, item: INodeExecutionData, index: number, message: string): INodeExecutionData {
	const { context, operation } = run;
	const { starts, show = (_read, record) => record } = operation;
	if (item.json.error || item.json.outcome === 'notCalled') return item;
	const json = { ...(starts === 'call' ? simplifyCall(item.json) : item.json), error: message };
	return toErrorOutput(context, { ...item, json: show(new ItemReader(context, index), json) });
}

/** Does what is left to do, unless n8n will run the node again: an execution must not wait for one try while another runs. */
async function complete(run: Run, current: Try, output: INodeExecutionData[]): Promise<INodeExecutionData[]> {
	const { context, operation, credentialOfItem } = run;
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
			return output.map((item, index) => withError(run, item, index, nodeError.message));
		}
		throw stopError(run, nodeError);
	}
}

/** Sees to what was started, since the execution will not wait for it. Never throws. @returns takes that back */
async function stop(run: Run): Promise<(() => void) | undefined> {
	const { context, operation, outcomes, credentialOfItem } = run;
	if (operation.stop === undefined) return undefined;
	const started = outcomes.flatMap(({ records = [] } = {}, item) =>
		records.map((json) => ({ json, pairedItem: { item } })),
	);
	return await operation.stop(context, started, credentialOfItem).catch(({ message }: Error) => {
		context.logger.warn(`What was started can't be ended when Max Wait ends. ${message}`);
		return undefined;
	});
}

/** The items of one run of an operation. */
interface Items extends Run {
	/** Those that are to run, by their index. */
	prepared: Array<PreparedItem | undefined>;
	/** Whom each item calls. */
	callees: Array<string | undefined>;
	/** Of a tool, see `claimUse`. */
	claims: Array<ReturnType<typeof claimUse>>;
}

/** An item is not to run. @throws the error, unless each item has its own outcome */
function refuse(items: Items, itemIndex: number, error: unknown): void {
	const failed = failedOutcome(items, error, itemIndex);
	if (!continuesOnFail(items.context)) throw stopError(items, failed.error as Error);
	items.outcomes[itemIndex] = failed;
	items.prepared[itemIndex] = undefined;
}

/** Reads and checks all items that are to run before any request is sent. */
async function prepareItems(run: Run): Promise<Items> {
	const { context, operation, outcomes } = run;
	const items: Items = { ...run, prepared: [], callees: [], claims: [] };
	const readers = outcomes.map((_, itemIndex) => new ItemReader(context, itemIndex));
	let turnEndsMs = Date.now() + TURN_MS;
	for (const [itemIndex, read] of readers.entries()) {
		if (outcomes[itemIndex] !== undefined) continue;
		if (Date.now() >= turnEndsMs) {
			await sleep(0);
			turnEndsMs = Date.now() + TURN_MS;
		}
		try {
			if (operation.isTool === false && isTool(context)) {
				throw read.fail(`${operation.name} can't be used as a tool`, "Select a different 'Operation'.");
			}
			const options = readRequestOptions(read, operation.maxConcurrency);
			const prepared = operation.prepare(read);
			const call = 'run' in prepared ? prepared : undefined;
			items.claims[itemIndex] = claimUse(run, call);
			items.prepared[itemIndex] = { ...options, run: call?.run ?? (prepared as ItemRun), call };
		} catch (error) {
			// Thrown by our own checks, or by n8n when it cannot evaluate an expression.
			refuse(items, itemIndex, error);
		}
	}
	if (operation.starts !== 'call') return items;
	items.callees = readers.map((read, itemIndex) => items.prepared[itemIndex]?.call?.to ?? calleeOf(read));
	for (const [itemIndex, others] of findSameNumbers(items.callees)) {
		const read = readers[itemIndex];
		if (read === undefined || items.prepared[itemIndex]?.call?.allowsSameNumber !== false) continue;
		refuse(items, itemIndex, sameNumberError(read, String(items.callees[itemIndex]), others));
	}
	return items;
}

/** Refuses all items if they belong to different accounts: an operation that waits asks one account about all that it has started. */
async function refuseSeveralAccounts(items: Items): Promise<void> {
	const { context, prepared, credentialOfItem } = items;
	const open = [...prepared.keys()].filter((itemIndex) => prepared[itemIndex]);
	let first: { itemIndex: number; key: string } | undefined;
	for (const itemIndex of open) {
		// An item whose credential can't be read has its own error when it runs.
		const credential = await credentialOfItem(itemIndex)().catch(() => undefined);
		if (credential === undefined) continue;
		const key = keyOf(context, credential);
		first ??= { itemIndex, key };
		if (key === first.key) continue;
		const error = new NodeOperationError(
			context.getNode(),
			"'Credential' gives different accounts. Use one node for each.",
			{
				description: `Items ${first.itemIndex} and ${itemIndex} belong to different VideoSDK accounts, and one node can wait for the calls and sessions of one account only.`,
			},
		);
		for (const one of open) refuse(items, one, error);
		return;
	}
}

/** Sends the requests of all prepared items. Never throws: it records each item's outcome, and stops at the first failure if the node does. */
async function runPrepared(items: Items): Promise<void> {
	const { context, operation, outcomes, prepared } = items;
	// One limit for the execution: the first item's.
	const { maxConcurrency = 1 } = prepared.find(Boolean) ?? {};
	const runner = new Runner(items, Math.min(maxConcurrency, operation.maxInFlight ?? Infinity));
	await Promise.all(prepared.map(async (item, index) => item && (await runner.run(item, index))));
	// n8n stores a stopped execution before this node can return its output, so the log is the only place to name what was started.
	const isCancelled = context.getExecutionCancelSignal()?.aborted;
	const started = operation.starts && isCancelled ? startedInWords(outcomes, operation.starts) : '';
	if (started) context.logger.warn(`The execution was stopped. ${started}`);
}

/**
 * @returns the output items in the order of the input
 * @throws the error of the first item that failed, unless each item has its own outcome
 */
function toOutput(items: Items): INodeExecutionData[] {
	const { context, operation, outcomes, callees } = items;
	// A list of what there is says nothing about this execution.
	const single = outcomes.flatMap(({ records = [] } = {}) => (records.length === 1 ? records : []));
	makeSearchable(context, single);
	return outcomes.flatMap(({ records, binary, error, isInDoubt } = {}, itemIndex): INodeExecutionData[] => {
		const pairedItem = { item: itemIndex };
		if (records) return records.map((json) => ({ json, pairedItem, ...(binary && { binary }) }));
		if (error === undefined) return [];
		if (!continuesOnFail(context)) throw stopError(items, error);
		if (operation.starts !== 'call') return [{ json: { error: error.message }, pairedItem }];
		// It says whether the call may have been made, and to whom.
		const to = callees[itemIndex];
		const json = { outcome: isInDoubt ? 'inDoubt' : 'notCalled', ...(to && { to }), error: error.message };
		return [toErrorOutput(context, { json, pairedItem })];
	});
}

/**
 * Runs an operation for all input items, several at a time. The life of an item: prepared, then one step after another, then started,
 * failed for certain (its room is closed), or in doubt (nothing is closed, nothing is sent again).
 *
 * When an item fails, nothing new is begun and what is in flight is awaited; then the node stops. With "continue on error", and as
 * a tool, each item has its own outcome. Items that have started take precedence over those that haven't.
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
	const current = await beginTry(context, itemCount, operation);
	if (current.final) return current.final;
	const credentialOfItem = credentialsOfItems(context, itemCount);
	const run: Run = { context, operation, outcomes: current.outcomes, credentialOfItem };
	let output: INodeExecutionData[] | undefined;
	try {
		const items = await prepareItems(run);
		if (operation.stop) await refuseSeveralAccounts(items);
		// Whoever is called must have the whole time to answer.
		if (operation.stop && items.prepared.some(Boolean)) {
			await pause(timersUntilMs(context) - Date.now(), context.getExecutionCancelSignal());
		}
		await runPrepared(items);
		for (const [itemIndex, settle] of items.claims.entries()) settle?.(run.outcomes[itemIndex]);
		output = await complete(run, current, toOutput(items));
		return output;
	} finally {
		if (output === undefined) keepForRetry(run);
		if (current.final === undefined) current.undoStop = await stop(run);
	}
}
