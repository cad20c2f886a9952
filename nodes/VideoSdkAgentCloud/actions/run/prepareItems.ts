import { NodeOperationError, sleep } from 'n8n-workflow';
import { type ItemReader } from '../../fields/kit/reader';
import { readRequestOptions } from '../../fields/kit/requestOptions';
import { continuesOnFail } from '../../n8n/tool';
import { accountKey } from '../../waiting/polling/accountRequests';
import { withReason } from '../notCalled';
import { type PreparedItem, preparedStartOf } from '../operation';
import { doubtError, type StartRun } from '../start/itemStart';
import { ownClaims } from '../start/startState';
import { failedOutcome, type Run, startedOutcome, stopError } from './itemOutcome';
import { refusalOf } from './refusals';
import { findSameKeys, sameKeyError } from './sameKey';
import { calleeOf, findSameNumbers, sameNumberError } from './sameNumber';

/** How long preparing items may block this n8n process. Evaluating the expressions of one item takes up to 6 ms. */
const TURN_MS = 50;

/** The items of one run of the node, as far as they have come. */
export interface Items extends Run {
	/** The reader of each item. */
	readers: ItemReader[];
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

/** Keeps the outcomes of items that an earlier try has started, or may have, whatever their fields say now. */
function keepEarlierStarts(items: Items): void {
	const { context, outcomes, starts } = items;
	if (starts === undefined) return;
	for (const [itemIndex, { claim, item }] of ownClaims(starts.state, context)) {
		const { state } = claim;
		if (state.name === 'free') continue;
		items.prepared[itemIndex] = item;
		if (state.name === 'started') outcomes[itemIndex] = startedOutcome(item.start, state.started);
		if (state.name === 'inDoubt') {
			const { roomId } = claim;
			const openRoom = roomId === undefined ? undefined : { roomId };
			const error = doubtError(starts, state.said);
			outcomes[itemIndex] = failedOutcome(items, error, itemIndex, { isInDoubt: true, openRoom });
		}
	}
}

/** Refuses items that call the same number, unless they may. */
function refuseSameNumbers(items: Items): void {
	const { readers } = items;
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

/** Refuses sessions with the same key, unless they share one. */
function refuseSameKeys(items: Items): void {
	const starts = items.prepared.map(preparedStartOf);
	for (const [itemIndex, others] of findSameKeys(starts)) {
		const read = items.readers[itemIndex];
		// What an earlier try has started stays as it is.
		if (read === undefined || items.outcomes[itemIndex]) continue;
		refuse(items, itemIndex, sameKeyError(read, String(starts[itemIndex]?.idempotencyKey), others));
	}
}

/** @returns the item, ready to run. @throws NodeOperationError if the operation, or one of its fields, can't be used */
function prepareItem({ context, operation }: Items, read: ItemReader): PreparedItem {
	const options = readRequestOptions(read, operation.maxConcurrency);
	const refusal = refusalOf(context, operation, options.isDryRun);
	if (refusal) throw read.fail(refusal.message, refusal.advice ?? '');
	const prepared = operation.prepare(read);
	return typeof prepared === 'object' ? { ...options, start: prepared } : { ...options, run: prepared };
}

/** Reads and checks all items that are to run, before any request is sent. */
export async function prepareItems(items: Items): Promise<void> {
	const { operation, readers } = items;
	keepEarlierStarts(items);
	let turnEndsMs = Date.now() + TURN_MS;
	for (const [itemIndex, read] of readers.entries()) {
		if (items.prepared[itemIndex]) continue;
		if (Date.now() >= turnEndsMs) {
			await sleep(0);
			turnEndsMs = Date.now() + TURN_MS;
		}
		try {
			items.prepared[itemIndex] = prepareItem(items, read);
		} catch (error) {
			// The error comes from our own checks, or from n8n if it can't evaluate an expression.
			refuse(items, itemIndex, error);
		}
	}
	if (operation.starts === 'call') refuseSameNumbers(items);
	else if (operation.starts === 'session') refuseSameKeys(items);
	await refuseSeveralAccounts(items);
}

/** @returns the items for which the execution may have to wait */
export function itemsToWaitFor({ operation, prepared, readers }: Items): number[] {
	if (operation.stop === undefined) return [];
	const mayWait = (read: ItemReader) => operation.mayWait?.(read) ?? true;
	return readers
		.filter((read) => prepared[read.itemIndex] && mayWait(read))
		.map(({ itemIndex }) => itemIndex);
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
