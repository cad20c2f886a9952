import { type ICheckProcessedOptions, type IExecuteFunctions } from 'n8n-workflow';
import { PerNode } from '../n8n/boundedStores';
import { happensOnce, type ReceivedEvent } from '../webhook/event';

/** n8n keeps so many of a trigger's events, as one list of the node's own. */
const OPTIONS: ICheckProcessedOptions = { mode: 'entries', maxEntries: 1_000 };

/** So many events that this process recorded last for a node are recorded again with the next one. */
const MAX_RECENT = 20;
const recorded = new PerNode<string[]>(() => []);

/** n8n reads and writes the list as a whole: of two executions that do so at once, one loses its event. Here, they take turns. */
let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * Records an event in n8n's store, and with it those before, which another process may have overwritten.
 *
 * @returns whether it's new
 */
async function record(context: IExecuteFunctions, eventId: string): Promise<boolean> {
	const recent = recorded.of(context);
	if (recent.includes(eventId)) return false;
	const check = async () =>
		await context.helpers.checkProcessedAndRecord([eventId, ...recent], 'node', OPTIONS);
	// Of two processes that begin the list at once, n8n's database refuses one.
	const { new: added } = await check().catch(check);
	if (!added.includes(eventId)) return false;
	recent.push(eventId);
	if (recent.length > MAX_RECENT) recent.shift();
	return true;
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
