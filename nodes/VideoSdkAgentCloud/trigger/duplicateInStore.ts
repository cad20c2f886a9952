import { type ICheckProcessedOptions, type IExecuteFunctions } from 'n8n-workflow';
import { PerNode } from '../n8n/boundedStores';
import { happensOnce, type ReceivedEvent } from '../webhook/event';

/** n8n keeps this many events of a trigger, in a list of the node's own (DeduplicationHelper). */
const OPTIONS: ICheckProcessedOptions = { mode: 'entries', maxEntries: 1_000 };

/** The number of events that this process has recorded last for a node, which are recorded again with the next one. */
const MAX_RECENT = 20;
const recorded = new PerNode<string[]>(() => []);

/**
 * The last recording. Recordings take turns, because n8n reads and writes the list as a whole, so that one of two at once would be lost.
 */
let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * Records an event in n8n's store and, with it, the recent ones, which another process may have overwritten. until: n8n's store has a lock.
 *
 * @returns whether it's new
 */
async function record(context: IExecuteFunctions, eventId: string): Promise<boolean> {
	const recent = recorded.of(context);
	if (recent.includes(eventId)) return false;
	const check = async () =>
		await context.helpers.checkProcessedAndRecord([eventId, ...recent], 'node', OPTIONS);
	// If two processes create the list at once, n8n's database refuses one of them, which then tries again.
	const { new: added } = await check().catch(check);
	if (!added.includes(eventId)) return false;
	recent.push(eventId);
	if (recent.length > MAX_RECENT) recent.shift();
	return true;
}

/**
 * Finds out whether an execution is the first one for its event. Unlike the memory of one process, it recognizes a duplicate after a
 * restart, or on another process in queue mode.
 *
 * It runs within the execution, because n8n has `checkProcessedAndRecord` only there, and because an event must be recorded only when its
 * execution exists. n8n's store has no lock, so two executions that begin within the same few milliseconds on two processes may both count
 * as the first.
 *
 * @returns true also if the store can't be used, because an event that's handled twice is better than one that's lost
 */
export async function isFirstExecution(context: IExecuteFunctions, event: ReceivedEvent): Promise<boolean> {
	// A user who retries an execution wants it to run, although its event was recorded.
	if (!happensOnce(event) || ['manual', 'retry'].includes(context.getMode())) return true;
	const turn = lastTurn.then(async () => await record(context, event.eventId));
	lastTurn = turn.catch(() => undefined);
	return await turn.catch((error: Error) => {
		context.logger.warn(
			"VideoSDK Agent Cloud: n8n couldn't tell whether an event had already been received, so the workflow continues",
			{ reason: error.message },
		);
		return true;
	});
}
