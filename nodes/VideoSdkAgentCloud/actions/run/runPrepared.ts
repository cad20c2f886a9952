import { ItemReader } from '../../fields/kit/reader';
import { dryRun } from '../dryRun';
import { ItemRequests } from '../itemRequests';
import { OpenRecord, type PreparedItem, RecordWithFile, type StartingItem } from '../operation';
import { Claim } from '../start/claims';
import { expectSearches, inOrder } from '../start/earlier';
import { endBy, type ItemStart, type StartEnd, type StartRun } from '../start/itemStart';
import { closeRoom } from '../start/room';
import { noteRound, placesOf } from '../start/rounds';
import { startItem } from '../start/startItem';
import { aimOf } from '../start/startKey';
import { ToolUses } from '../start/toolUse';
import { failedOutcome, type Outcome, startedInWords, startedOutcome } from './itemOutcome';
import type { Items } from './prepareItems';
import { type Turn, Turns } from './turns';

/** An item that starts nothing. */
type RunningItem = Extract<PreparedItem, { run: unknown }>;

/** Runs an item that starts nothing. */
async function runItem(
	items: Items,
	turns: Turns,
	turn: Turn,
	{ run, isDryRun, timeoutMs }: RunningItem,
	itemIndex: number,
): Promise<Outcome> {
	const credential = items.credentialOfItem(itemIndex);
	const { stopSignal } = turns;
	const send = new ItemRequests(items.context, credential, turns, timeoutMs).inTurn();
	const pause = async (ms: number) => await turn.pause(ms);
	try {
		const tools = { stopSignal, pause, credential, timeoutMs, isDryRun };
		const result = await run(isDryRun ? dryRun(send) : send, tools);
		if (result instanceof RecordWithFile) return { records: [result.json], binary: result.binary };
		if (result instanceof OpenRecord) return { records: [result.json], wait: result.wait };
		return { records: Array.isArray(result) ? result : [result] };
	} catch (error) {
		const end = endBy(error);
		if (end.name === 'refused') return { records: [end.output] };
		turns.noteFailure();
		return end.name === 'failed' ? failedOutcome(items, end.error, itemIndex) : {};
	}
}

async function runInTurn(items: Items, turns: Turns, item: RunningItem, itemIndex: number): Promise<void> {
	const turn = await turns.take();
	if (turn === undefined) return;
	items.outcomes[itemIndex] = await runItem(items, turns, turn, item, itemIndex);
	turn.end();
}

/** Makes the outcome of an item that was to start something, and closes its room if it certainly didn't. */
async function outcomeOf(items: Items, start: ItemStart, end: StartEnd): Promise<Outcome> {
	const { itemIndex, item } = start;
	if (end.name === 'adopted' || end.name === 'started') return startedOutcome(item.start, end.started);
	const isInDoubt = end.name === 'inDoubt';
	const openRoom = await closeRoom(start, isInDoubt);
	if (end.name === 'refused') return { records: [end.output] };
	if (end.name === 'notBegun') return { openRoomId: openRoom?.roomId };
	return failedOutcome(items, end.error, itemIndex, { isInDoubt, openRoom });
}

async function startInTurn(items: Items, turns: Turns, start: ItemStart): Promise<void> {
	const turn = await turns.take();
	if (turn === undefined) return;
	const end = await startItem(start, turn);
	// It's noted before anything else, because no other item may begin after this one has failed.
	if (['failed', 'inDoubt', 'notBegun'].includes(end.name)) turns.noteFailure();
	items.outcomes[start.itemIndex] = await outcomeOf(items, start, end);
	turn.end();
}

/** @returns the start of an item, for the steps of startItem.ts */
function startOf(
	items: Items,
	run: StartRun,
	turns: Turns,
	item: StartingItem,
	itemIndex: number,
): ItemStart {
	const { context, credentialOfItem, readers } = items;
	return {
		run,
		itemIndex,
		item,
		aim: aimOf(item.start),
		place: 0,
		read: readers[itemIndex] ?? new ItemReader(context, itemIndex),
		requests: new ItemRequests(context, credentialOfItem(itemIndex), turns, item.timeoutMs),
		uses: new ToolUses(context, run.kind, item.start.call?.to),
		claim: new Claim(undefined),
	};
}

/**
 * Runs all prepared items, each in a turn of its own. Never throws: it records each item's outcome, and stops at the first failure if the
 * node does.
 */
export async function runPrepared(items: Items): Promise<void> {
	const { context, operation, prepared, starts: run } = items;
	// The first item's limit counts for all items.
	const { maxConcurrency = 1 } = prepared.find(Boolean) ?? {};
	const turns = new Turns(context, Math.min(maxConcurrency, operation.maxInFlight ?? Infinity));
	const work: Array<Promise<void>> = [];
	const starts: ItemStart[] = [];
	for (const [itemIndex, item] of prepared.entries()) {
		if (item === undefined) continue;
		if ('run' in item) work.push(runInTurn(items, turns, item, itemIndex));
		else if (run) starts.push(startOf(items, run, turns, item, itemIndex));
	}
	await Promise.all(work);
	if (run === undefined) return;
	const places = placesOf(
		context,
		starts.map(({ aim }) => aim),
	);
	for (const [index, start] of starts.entries()) start.place = places[index] ?? 0;
	await expectSearches(starts);
	for (const group of await inOrder(run, starts)) {
		await Promise.all(group.map(async (start) => await startInTurn(items, turns, start)));
	}
	const begun = starts.filter(({ claim }) => ['started', 'inDoubt'].includes(claim.state.name));
	noteRound(
		context,
		begun.map(({ aim }) => aim),
	);
	// n8n stores a stopped execution before this node can return its output, so the log is the only place to name what was started.
	const started = turns.cancelSignal?.aborted ? startedInWords(items, run.kind) : '';
	if (started) context.logger.warn(`The execution was stopped. ${started}`);
}
