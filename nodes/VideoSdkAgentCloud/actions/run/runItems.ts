import {
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	NodeOperationError,
	sleep,
} from 'n8n-workflow';
import { simplifyCall } from '../../api/callRecord';
import { failureOf } from '../../api/http/client';
import { credentialsOfItems } from '../../api/http/credential';
import { pause } from '../../api/http/pause';
import { ItemReader } from '../../fields/kit/reader';
import { readRequestOptions, type RequestOptions } from '../../fields/kit/requestOptions';
import { toErrorOutput } from '../../n8n/errorOutput';
import { countTry, isTriedAgain } from '../../n8n/lastTry';
import { mayRunTwice } from '../../n8n/oldEngine';
import { forgetStarts, leaveNote, readNote } from '../../n8n/retryNote';
import { makeSearchable } from '../../n8n/searchable';
import { timersUntilMs } from '../../n8n/timers';
import { continuesOnFail, isTool } from '../../n8n/tool';
import { accountKey } from '../../waiting/polling/accountRequests';
import { type ItemRun, type Operation, type PreparedStart } from '../operation';
import { refusalOfEvaluation } from './brakes';
import { ownClaims } from './claims';
import {
	failedOutcome,
	type Outcomes,
	type Run,
	startedBy,
	startedInWords,
	stopError,
	withReason,
} from './itemOutcome';
import { type PreparedItem, Runner, startedOutcome, type StartingItem, preparedStartOf } from './runner';
import { calleeOf, findSameNumbers, sameNumberError } from './sameNumber';
import { baseOf } from './startKey';
import { type Left, type StartRun } from './startOnce';
import { refusalOfTool } from './toolUse';

const MAY_RUN_TWICE =
	'This version of n8n may run this execution twice, because a sub-workflow is part of it. Update n8n to 2.14 or newer, or make the call in the main workflow. Nothing was sent.';

/** How long preparing items may block this n8n process. Evaluating the expressions of one item takes up to 6 ms. */
const TURN_MS = 50;

/** @returns the output of an item that has started something if the operation's `complete` has failed */
function withError(run: Run, item: INodeExecutionData, index: number, message: string): INodeExecutionData {
	const { context, operation } = run;
	const { starts, show = (_read, record) => record } = operation;
	if (item.json.error || startedBy({ records: [item.json] }).length === 0) return item;
	const json = { ...(starts === 'call' ? simplifyCall(item.json) : item.json), error: message };
	return toErrorOutput(context, { ...item, json: show(new ItemReader(context, index), json) });
}

/** Calls the operation's `complete`. @throws its error, with what is still running, unless each item has its own outcome */
async function complete(run: Run, output: INodeExecutionData[]): Promise<INodeExecutionData[]> {
	const { context, operation, credentialOfItem, outcomes } = run;
	const { data } = context.getExecuteData();
	const input = data.main;
	const waitOf = (item: number) => outcomes[item]?.wait;
	try {
		return (await operation.complete?.(context, output, credentialOfItem, waitOf)) ?? output;
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
	const { context, operation, outcomes, credentialOfItem } = run;
	const started = outcomes.flatMap(({ records = [] } = {}, item) =>
		records.map((json) => ({ json, pairedItem: { item } })),
	);
	const waitOf = (item: number) => outcomes[item]?.wait;
	await operation.stop?.(context, started, credentialOfItem, waitOf).catch(({ message }: Error) => {
		context.logger.warn(`What was started can't be ended when Max Wait ends. ${message}`);
	});
}

interface Items extends Run {
	/** The items that are to run, by their index. */
	prepared: Array<PreparedItem | undefined>;
	/** What their starts have in common. Undefined: the operation starts nothing. */
	starts?: StartRun;
}

/** Records that an item isn't run. @throws the error, unless each item has its own outcome */
function refuse(items: Items, itemIndex: number, error: unknown): void {
	const failed = failedOutcome(items, error, itemIndex);
	if (!continuesOnFail(items.context)) throw stopError(items, failed.error as Error);
	items.outcomes[itemIndex] = failed;
	items.prepared[itemIndex] = undefined;
}

/** @throws NodeOperationError if the operation can't be used here at all */
function checkUsable(
	{ context, operation }: Run,
	read: ItemReader,
	{ isDryRun }: Pick<RequestOptions, 'isDryRun'>,
): void {
	if (operation.isTool === false && isTool(context)) {
		throw read.fail(`${operation.name} can't be used as a tool`, "Select a different 'Operation'.");
	}
	const refusal = isDryRun ? undefined : refusalOfEvaluation(context, operation);
	if (refusal !== undefined) throw read.fail(refusal, '');
	if (operation.starts === undefined) return;
	if (mayRunTwice(context)) throw read.fail(MAY_RUN_TWICE, '');
	const reason = refusalOfTool(context, operation.starts);
	if (reason !== undefined) throw read.fail(reason, '');
}

/** Keeps the outcomes of items that an earlier try has started, or may have, whatever their fields say now. */
function keepEarlierStarts(items: Items): void {
	const { context, outcomes } = items;
	for (const [itemIndex, { claim, item }] of ownClaims<StartingItem>(context)) {
		const { state } = claim;
		if (state.name === 'free') continue;
		items.prepared[itemIndex] = item;
		if (state.name === 'started') outcomes[itemIndex] = startedOutcome(item, state.started);
		if (state.name === 'inDoubt')
			outcomes[itemIndex] = {
				...failedOutcome(items, state.error, itemIndex, { isInDoubt: true }),
				openRoomId: claim.roomId,
			};
	}
}

/** Refuses items that call the same number, unless they may. @param readers the reader of each item */
function refuseSameNumbers(items: Items, readers: ItemReader[]): void {
	items.callees = readers.map(
		(read, index) => preparedStartOf(items.prepared[index])?.call?.to ?? calleeOf(read),
	);
	const keys = items.prepared.map((item) => preparedStartOf(item)?.idempotencyKey);
	for (const [itemIndex, others] of findSameNumbers(items.callees, keys)) {
		const read = readers[itemIndex];
		const { call } = preparedStartOf(items.prepared[itemIndex]) ?? {};
		if (read === undefined || call?.allowsSameNumber !== false) continue;
		if (items.outcomes[itemIndex]) continue;
		const error = sameNumberError(read, String(items.callees[itemIndex]), others);
		refuse(items, itemIndex, withReason(error, 'sameNumber'));
	}
}

/** Reads and checks all items that are to run, before any request is sent. */
async function prepareItems(items: Items): Promise<void> {
	const { context, operation, outcomes } = items;
	keepEarlierStarts(items);
	const readers = outcomes.map((_, itemIndex) => new ItemReader(context, itemIndex));
	let turnEndsMs = Date.now() + TURN_MS;
	for (const [itemIndex, read] of readers.entries()) {
		if (items.prepared[itemIndex]) continue;
		if (Date.now() >= turnEndsMs) {
			await sleep(0);
			turnEndsMs = Date.now() + TURN_MS;
		}
		try {
			const options = readRequestOptions(read, operation.maxConcurrency);
			checkUsable(items, read, options);
			const prepared = operation.prepare(read);
			if (typeof prepared === 'object') items.prepared[itemIndex] = { ...options, start: prepared };
			else if (!operation.starts) items.prepared[itemIndex] = { ...options, run: prepared };
			else items.prepared[itemIndex] = { ...options, start: startBy(prepared) };
		} catch (error) {
			// The error comes from our own checks, or from n8n if it can't evaluate an expression.
			refuse(items, itemIndex, error);
		}
	}
	if (operation.starts === 'call') refuseSameNumbers(items, readers);
}

/** Makes the start of an item for which nothing has to be arranged before its request. */
const startBy = (run: ItemRun): PreparedStart => ({
	arrange: async (_send, tools) => ({ post: async (send) => (await run(send, tools)) as IDataObject }),
	show: (record) => record,
});

/** @returns what the starts of an operation have in common; undefined if it starts nothing */
function startsOf({ context, operation }: Run): StartRun | undefined {
	const { starts } = operation;
	if (starts === undefined) return undefined;
	const note = readNote<Left>(context);
	return { context, operation: { ...operation, starts }, note, base: baseOf(context, note?.base) };
}

/** Notes what was started, or may have been, for a user's Retry, because the execution is about to fail. */
function leaveToRetry({ context, starts }: Items, begunAtMs: number): void {
	if (starts?.base === undefined || continuesOnFail(context)) return;
	const { base, note } = starts;
	const left: Record<string, Left> = { ...note?.starts };
	for (const { claim } of ownClaims(context).values()) {
		const { key, state, sentAtMs } = claim;
		if (key === undefined) continue;
		if (state.name === 'started') {
			const { record, wait } = state.started;
			left[key] = { record, wait, sentAtMs };
		} else if (state.name === 'inDoubt') {
			left[key] = { message: state.error.message, roomId: claim.roomId, sentAtMs };
		}
	}
	leaveNote<Left>(context, { base, sinceMs: note?.sinceMs ?? begunAtMs, starts: left });
}

/** @returns whether something may have been started before, and it isn't known whether it was */
function hasDoubts({ context, starts }: Items): boolean {
	const own = [...ownClaims(context).values()];
	const left = Object.values(starts?.note?.starts ?? {});
	return own.some(({ claim }) => claim.state.name === 'inDoubt') || left.some(({ record }) => !record);
}

/** @returns the items for which the execution may have to wait */
function itemsToWaitFor({ context, operation, prepared }: Items): number[] {
	if (operation.stop === undefined) return [];
	const mayWait = (itemIndex: number) => operation.mayWait?.(new ItemReader(context, itemIndex)) ?? true;
	return [...prepared.keys()].filter((itemIndex) => prepared[itemIndex] && mayWait(itemIndex));
}

/** Refuses all items that the execution would wait for if they belong to different accounts, because it polls one account only. */
async function refuseSeveralAccounts(items: Items): Promise<void> {
	const { context, credentialOfItem } = items;
	const open = itemsToWaitFor(items);
	let first: { itemIndex: number; key: string } | undefined;
	for (const itemIndex of open) {
		// An item whose credential can't be read gets its error when it runs.
		const credential = await credentialOfItem(itemIndex)().catch(() => undefined);
		if (credential === undefined) continue;
		const key = accountKey(context, credential);
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

/**
 * Sends the requests of all prepared items. Never throws: it records each item's outcome, and stops at the first failure if the
 * node does.
 */
async function runPrepared(items: Items): Promise<void> {
	const { context, operation, prepared, starts } = items;
	// The first item's limit counts for all items.
	const { maxConcurrency = 1 } = prepared.find(Boolean) ?? {};
	const runner = new Runner(items, Math.min(maxConcurrency, operation.maxInFlight ?? Infinity));
	const open = prepared.flatMap((item, index) => (item ? [{ item, index }] : []));
	// If an earlier try or execution may have started something, nothing new begins before every item has been searched for.
	const searched = new Set<number>();
	let release: () => void = () => undefined;
	const allSearched = hasDoubts(items) ? new Promise<void>((resolve) => (release = resolve)) : undefined;
	const noteSearched = async (index: number) => {
		if (searched.add(index).size === open.length) release();
		await allSearched;
	};
	await Promise.all(
		open.map(async ({ item, index }) =>
			'run' in item
				? await runner.run(item.run, item, index)
				: await runner.start(starts as StartRun, item, index, async () => await noteSearched(index)),
		),
	);
	// n8n stores a stopped execution before this node can return its output, so the log is the only place to name what was started.
	const isCancelled = context.getExecutionCancelSignal()?.aborted;
	const started = operation.starts && isCancelled ? startedInWords(items, operation.starts) : '';
	if (started) context.logger.warn(`The execution was stopped. ${started}`);
}

/** @returns why an item certainly started nothing, as a code for workflows. By default, it's `failed` after a request, else `refused` */
function reasonCodeOf(error: Error): string {
	const { reasonCode } = (error as NodeOperationError).context;
	return String(reasonCode ?? (failureOf(error) ? 'failed' : 'refused'));
}

/**
 * @returns the output items in the order of the input
 * @throws the error of the first item that failed, unless each item has its own outcome
 */
function toOutput(items: Items): INodeExecutionData[] {
	const { context, operation, outcomes, callees } = items;
	// An execution can be found by single records only, because a list of records isn't about the execution.
	const single = outcomes.flatMap(({ records = [] } = {}) => (records.length === 1 ? records : []));
	makeSearchable(context, single);
	return outcomes.flatMap(({ records, binary, error, isInDoubt } = {}, itemIndex): INodeExecutionData[] => {
		const pairedItem = { item: itemIndex };
		if (records) return records.map((json) => ({ json, pairedItem, ...(binary && { binary }) }));
		if (error === undefined) return [];
		if (!continuesOnFail(context)) throw stopError(items, error);
		if (operation.starts !== 'call') return [{ json: { error: error.message }, pairedItem }];
		// The item also says whether the call may have been made, and to whom.
		const to = callees[itemIndex];
		const json = {
			outcome: isInDoubt ? 'inDoubt' : 'notCalled',
			...(to && { to }),
			...(!isInDoubt && { reasonCode: reasonCodeOf(error) }),
			error: error.message,
		};
		return [toErrorOutput(context, { json, pairedItem })];
	});
}

/**
 * Runs an operation for all input items, several at a time. An item is prepared, then sends one request after another, and ends as
 * started, certainly failed (then its room is closed), or in doubt (then nothing is closed, and nothing is sent again).
 *
 * When an item fails, no other item begins, and the node stops as soon as nothing is in flight. With "continue on error", and as a tool,
 * each item has its own outcome. The requests of items that have begun go before those of items that haven't.
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
	const tryCount = countTry(context);
	const begunAtMs = Date.now();
	const outcomes: Outcomes = new Array<undefined>(itemCount).fill(undefined);
	const credentialOfItem = credentialsOfItems(context, itemCount);
	const run: Run = { context, operation, outcomes, credentialOfItem, callees: [] };
	const items: Items = { ...run, prepared: [], starts: startsOf(run) };
	let hasFailed = true;
	try {
		await prepareItems(items);
		await refuseSeveralAccounts(items);
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
			leaveToRetry(items, begunAtMs);
			await stop(items);
		}
	}
}
