import { type ICheckProcessedOptions, type IExecuteFunctions } from 'n8n-workflow';
import { PerNode } from '../api/memory';
import { happensOnce, type ReceivedEvent } from '../webhook/event';

/**
 * n8n keeps what is recorded as one list for each scope, which is read and written as a whole: of a trigger its events, of a workflow its
 * executions, of which n8n keeps 10,000 by default.
 */
const MAX_IDS = { node: 1_000, workflow: 10_000 };
const ENTRIES_PER_ID = 2;

/** Each ID is recorded again with so many that follow it. */
const MAX_RECENT = 20;

/** What this process recorded last for a node: of two processes that write the list at once, one loses what it wrote. */
const recorded = new PerNode<string[][]>(() => []);
let lastTurn: Promise<unknown> = Promise.resolve();

interface Recording {
	/** Within what the ID is one. Default: the node. */
	scope?: keyof typeof MAX_IDS;
	/** Who handles it. Default: the execution, however often it is run. */
	by?: string;
	/** `no`: only looks. `once`: who looks again wants to know whether another process has written the list without it. */
	isKept?: 'no' | 'once';
}

async function record(
	context: IExecuteFunctions,
	id: string,
	{ scope = 'node', by = context.getExecutionId(), isKept }: Recording,
): Promise<boolean> {
	const options: ICheckProcessedOptions = { mode: 'entries', maxEntries: ENTRIES_PER_ID * MAX_IDS[scope] };
	// If a worker dies, n8n runs the execution again under the same ID. It isn't a duplicate of itself.
	const own = `${id}:${by}`;
	const recent = recorded.of(context);
	const again = recent.flat();
	const entries = [...new Set([id, own, ...again])];
	const check = async () => await context.helpers.checkProcessedAndRecord(entries, scope, options);
	// Of two processes that begin the list at once, n8n's database refuses one.
	const { new: added } = await check().catch(check);
	const isNew = (entry: string) => added.includes(entry) && !again.includes(entry);
	const isOthers = !isNew(id) && isNew(own);
	if (isOthers || isKept === 'no')
		await context.helpers.removeProcessed([id, own].filter(isNew), scope, options);
	if (isOthers || isKept) return !isOthers;
	recent.push([id, own]);
	if (recent.length > MAX_RECENT) recent.shift();
	return true;
}

/**
 * Records in n8n's database that an execution handles something. The executions of this process do so one after another: of two that
 * write the list at once, one loses its entries.
 *
 * @param id of what is handled
 * @returns false if another already handles it
 * @throws what n8n's store throws
 */
export async function isFirstFor(
	context: IExecuteFunctions,
	id: string,
	recording: Recording = {},
): Promise<boolean> {
	const turn = lastTurn
		.then(async () => await record(context, id, recording))
		.catch(async (error: Error) => {
			// n8n's Remove Duplicates keeps something else for the workflow.
			if (!/incompatible/.test(error.message)) throw error;
			return await record(context, id, { ...recording, scope: 'node' });
		});
	lastTurn = turn.catch(() => undefined);
	return await turn;
}

/**
 * Tells whether an execution is the first one for its event. This recognizes what the memory of one process cannot: a duplicate of an
 * event that happens once after a restart, or on another process in queue mode.
 *
 * It is asked within the execution, because n8n offers the store only there, and because an event may be recorded only once its
 * execution exists. The store has no lock: two executions that begin in the same few milliseconds on two processes may both count as
 * the first.
 *
 * @returns true also if the store cannot be used: rather twice than not at all
 */
export async function isFirstExecution(context: IExecuteFunctions, event: ReceivedEvent): Promise<boolean> {
	// Someone who retries a crashed execution wants it to continue, although its event was recorded.
	if (!happensOnce(event) || ['manual', 'retry'].includes(context.getMode())) return true;
	return await isFirstFor(context, event.eventId).catch((error: Error) => {
		context.logger.warn(
			"VideoSDK Agent Cloud: n8n couldn't tell whether an event had already been received, so the workflow continues",
			{ reason: error.message },
		);
		return true;
	});
}
