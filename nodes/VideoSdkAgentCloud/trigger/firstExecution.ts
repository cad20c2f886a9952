import { type ICheckProcessedOptions, type IExecuteFunctions } from 'n8n-workflow';
import { type ReceivedEvent } from '../webhook/event';
import { isIdentified, isRepeatable, othersInSequence, sequenceOf } from '../webhook/eventIdentity';
import { REPEAT_WINDOW_MS } from './occurrences';

/** Two to four entries for each event; n8n keeps them as one list that is read and written as a whole. */
const OPTIONS: ICheckProcessedOptions = { mode: 'entries', maxEntries: 2_000 };
const MAX_RECENT = 100;
/** Each event is recorded again by about ten executions. n8n hashes all that it is given. */
const MAX_RECORDED_AGAIN = 20;

/** What is recorded of an event and its execution. */
interface Marks {
	/** If one of these is known, the event was received before. */
	event: string[];
	execution: string;
	/** Known as long as no different event of its sequence came. */
	latest?: string;
	/** The same of those others. */
	othersLatest: string[];
}

/** The marks of the events that this process accepted lately, oldest first. */
const recent: Array<{ node: string; marks: Marks }> = [];
let lastTurn: Promise<unknown> = Promise.resolve();

/** Lets the executions of this process use the store one after another: of two that write the list at once, one loses its mark. */
async function inTurn<T>(use: () => Promise<T>): Promise<T> {
	const turn = lastTurn.then(use);
	lastTurn = turn.catch(() => undefined);
	return await turn;
}

function marksOf(event: ReceivedEvent, receivedAtMs: number, executionId: string): Marks {
	// An execution that a worker lost half way is begun again under the same ID, and is no duplicate of itself.
	const execution = `${event.eventId}:${executionId}`;
	if (!isRepeatable(event)) return { event: [event.eventId], execution, othersLatest: [] };
	const sequence = sequenceOf(event);
	const window = Math.floor(receivedAtMs / REPEAT_WINDOW_MS);
	const latestOf = (name: string) => `latest ${sequence}:${name}`;
	return {
		// The store keeps no times, so the time is in the mark.
		event: [window, window - 1].map((number) => `${event.eventId}:window ${number}`),
		execution,
		...(sequence !== undefined && { latest: latestOf(event.event) }),
		othersLatest: sequence === undefined ? [] : othersInSequence(event.event).map(latestOf),
	};
}

/** Keeps the marks of an event that is accepted. */
function remember(node: string, marks: Marks): void {
	recent.push({ node, marks });
	if (recent.length > MAX_RECENT) recent.shift();
}

/** @returns whether this process accepted the event in another execution */
function wasAccepted(node: string, { event, execution }: Marks): boolean {
	return recent.some(
		(entry) =>
			entry.node === node &&
			entry.marks.execution !== execution &&
			entry.marks.event.some((mark) => event.includes(mark)),
	);
}

/** @returns whether the execution is the first one for its event, or for an occurrence of it that is known to be `isAgain` */
async function askStore(
	context: IExecuteFunctions,
	node: string,
	marks: Marks,
	isAgain: boolean,
): Promise<boolean> {
	const { event, execution, latest, othersLatest } = marks;
	// Another process may have overwritten what this one recorded a moment ago, so that is recorded again along with the new marks.
	const known = recent
		.filter((entry) => entry.node === node)
		.flatMap((entry) => [entry.marks.event[0] ?? '', entry.marks.execution])
		.slice(-MAX_RECORDED_AGAIN);
	const items = [...new Set([...event, execution, ...(latest ? [latest] : []), ...known])];
	const { new: unknown } = await context.helpers.checkProcessedAndRecord(items, 'node', OPTIONS);
	const isNew = (mark: string) => unknown.includes(mark) && !known.includes(mark);
	const isDuplicate =
		!isAgain &&
		!event.every(isNew) &&
		isNew(execution) &&
		(latest === undefined || !unknown.includes(latest));
	// Left there, the marks of a duplicate would only take up room, and prolong the time in which deliveries count as repeated.
	const surplus = isDuplicate ? [...event, execution].filter(isNew) : othersLatest;
	if (surplus.length > 0) {
		await context.helpers.removeProcessed(surplus, 'node', OPTIONS).catch(() => undefined);
	}
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
 * @param isAgain whether the process that received the event knows that it occurred again, see `Occurrences`
 * @returns true also if the store cannot be used and this process does not know the event: rather twice than not at all
 */
export async function isFirstExecution(
	context: IExecuteFunctions,
	event: ReceivedEvent,
	{ receivedAtMs, isAgain }: { receivedAtMs: number; isAgain: boolean },
): Promise<boolean> {
	// Whoever retries a crashed execution wants it to go on, although its event was recorded.
	if (!event.eventId || !isIdentified(event) || ['manual', 'retry'].includes(context.getMode())) return true;
	const node = `${context.getWorkflow().id}:${context.getNode().id}`;
	const marks = marksOf(event, receivedAtMs, context.getExecutionId());
	return await inTurn(async () => {
		const isFirst = await askStore(context, node, marks, isAgain).catch((error: Error) => {
			context.logger.warn(
				"n8n couldn't tell whether an event had already been received, so this process goes by what it remembers",
				{ reason: error.message },
			);
			return isAgain || !wasAccepted(node, marks);
		});
		if (isFirst) remember(node, marks);
		return isFirst;
	});
}
