import type { ICheckProcessedOptions, IExecuteFunctions } from 'n8n-workflow';

/** Two entries for each event; n8n keeps them as one list that is read and written as a whole. */
const OPTIONS: ICheckProcessedOptions = { mode: 'entries', maxEntries: 2_000 };
const MAX_RECENT = 100;
/** The marks of ten events: each is recorded again by ten executions, and n8n hashes all that it is given. */
const MAX_RECORDED_AGAIN = 20;

/** The marks of the events that this process accepted lately, oldest first. */
const recent: Array<{ node: string; marks: [string, string] }> = [];
let lastTurn: Promise<unknown> = Promise.resolve();

/** Lets the executions of this process use the store one after another: of two that write the list at once, one loses its mark. */
async function inTurn<T>(use: () => Promise<T>): Promise<T> {
	const turn = lastTurn.then(use);
	lastTurn = turn.catch(() => undefined);
	return await turn;
}

/** Keeps the marks of an event that is accepted. */
function remember(node: string, marks: [string, string]): void {
	recent.push({ node, marks });
	if (recent.length > MAX_RECENT) recent.shift();
}

/** @returns whether this process accepted the event in another execution */
function wasAccepted(node: string, [eventId, ownMark]: [string, string]): boolean {
	return recent.some(
		(entry) => entry.node === node && entry.marks[0] === eventId && entry.marks[1] !== ownMark,
	);
}

/** @returns whether the execution is the first one for its event */
async function askStore(context: IExecuteFunctions, node: string, marks: [string, string]): Promise<boolean> {
	const [eventId, ownMark] = marks;
	// Another process may have overwritten what this one recorded a moment ago, so that is recorded again along with the new marks.
	const known = recent.filter((entry) => entry.node === node).flatMap((entry) => entry.marks);
	const items = [...new Set([...marks, ...known.slice(-MAX_RECORDED_AGAIN)])];
	const { new: unknown } = await context.helpers.checkProcessedAndRecord(items, 'node', OPTIONS);
	const isNew = (mark: string) => unknown.includes(mark) && !known.includes(mark);
	const isDuplicate = !isNew(eventId) && isNew(ownMark);
	// Left there, it only takes up room.
	if (isDuplicate) await context.helpers.removeProcessed([ownMark], 'node', OPTIONS).catch(() => undefined);
	return !isDuplicate;
}

/**
 * Tells whether an execution is the first one for its event, and remembers the event in n8n's database. This recognizes what the
 * memory of one process cannot: a duplicate after a restart, or on another process in queue mode.
 *
 * It is asked within the execution, because n8n offers the store only there, and because an event may be remembered only once its
 * execution exists. The store has no lock: two executions that begin in the same few milliseconds on two processes may both count as
 * the first.
 *
 * @returns true also if the store cannot be used and this process does not know the event: rather twice than not at all
 */
export async function isFirstExecution(context: IExecuteFunctions, eventId: string): Promise<boolean> {
	// Whoever retries a crashed execution wants it to go on, although its event was recorded.
	if (eventId === '' || ['manual', 'retry'].includes(context.getMode())) return true;
	const node = `${context.getWorkflow().id}:${context.getNode().id}`;
	// An execution that a worker lost half way is begun again under the same ID, and is no duplicate of itself.
	const marks: [string, string] = [eventId, `${eventId}:${context.getExecutionId()}`];
	return await inTurn(async () => {
		const isFirst = await askStore(context, node, marks).catch((error: Error) => {
			context.logger.warn(
				'n8n could not tell whether an event was received before, so the memory of this process decides',
				{
					reason: error.message,
				},
			);
			return !wasAccepted(node, marks);
		});
		if (isFirst) remember(node, marks);
		return isFirst;
	});
}
