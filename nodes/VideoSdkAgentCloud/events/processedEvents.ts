import type { ICheckProcessedOptions, IExecuteFunctions } from 'n8n-workflow';

/** Two entries for each event; n8n keeps them as one list that is read and written as a whole. */
const OPTIONS: ICheckProcessedOptions = { mode: 'entries', maxEntries: 2_000 };
const MAX_RECENT = 100;

/** The marks of the events that this process let through lately, oldest first. */
const recent: Array<{ node: string; marks: [string, string] }> = [];
let lastTurn: Promise<unknown> = Promise.resolve();

/** Lets the runs of this process use the store one after another: of two that write the list at once, one loses its mark. */
async function inTurn<T>(use: () => Promise<T>): Promise<T> {
	const turn = lastTurn.then(use);
	lastTurn = turn.catch(() => undefined);
	return await turn;
}

/** Keeps the marks of an event that is let through. */
function remember(node: string, marks: [string, string]): void {
	recent.push({ node, marks });
	if (recent.length > MAX_RECENT) recent.shift();
}

/** @returns whether this process let the event through in another run */
function wasLetThrough(node: string, [eventId, ownMark]: [string, string]): boolean {
	return recent.some(
		(entry) => entry.node === node && entry.marks[0] === eventId && entry.marks[1] !== ownMark,
	);
}

/** @returns whether the run is the first one for its event */
async function askStore(context: IExecuteFunctions, node: string, marks: [string, string]): Promise<boolean> {
	const [eventId, ownMark] = marks;
	// Another process may have overwritten what this one recorded a moment ago, so that is recorded again along with the new.
	const again = recent.filter((entry) => entry.node === node).flatMap((entry) => entry.marks);
	const items = [...new Set([...marks, ...again])];
	const { new: unknown } = await context.helpers.checkProcessedAndRecord(items, 'node', OPTIONS);
	const isNew = (mark: string) => unknown.includes(mark) && !again.includes(mark);
	const isDuplicate = !isNew(eventId) && isNew(ownMark);
	// Left there, it only takes up room.
	if (isDuplicate) await context.helpers.removeProcessed([ownMark], 'node', OPTIONS).catch(() => undefined);
	return !isDuplicate;
}

/**
 * Tells whether a run is the first one for its event, and remembers the event in n8n's database. This catches what the memory of
 * one process cannot: a second delivery after a restart, or on another process of a queue-mode set-up.
 *
 * It is asked within the run, because n8n offers it only there, and because an event may be remembered only once its run exists.
 * n8n's store has no lock: two runs that begin in the same few milliseconds on two processes may both count as the first.
 *
 * @returns true also if the store cannot be used and this process does not know the event: rather twice than not at all
 */
export async function isFirstRun(context: IExecuteFunctions, eventId: string): Promise<boolean> {
	// Whoever retries a run that crashed wants it to go on, although its event was recorded.
	if (eventId === '' || ['manual', 'retry'].includes(context.getMode())) return true;
	const node = `${context.getWorkflow().id}:${context.getNode().id}`;
	// A run that a worker lost half way is begun again under the same id, and is no duplicate of itself.
	const marks: [string, string] = [eventId, `${eventId}:${context.getExecutionId()}`];
	return await inTurn(async () => {
		const isFirst = await askStore(context, node, marks).catch((error: Error) => {
			context.logger.warn(
				'Could not check whether an event came before, so the memory of this process decides',
				{
					reason: error.message,
				},
			);
			return !wasLetThrough(node, marks);
		});
		if (isFirst) remember(node, marks);
		return isFirst;
	});
}
