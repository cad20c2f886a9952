import {
	type IBinaryKeyData,
	type IDataObject,
	type IExecuteFunctions,
	type JsonObject,
	NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';
import { simplifyCall } from '../../api/callRecord';
import { type StartKind, STARTS, type StartWords } from '../../api/startWords';
import type { SentWait } from '../../waiting/planWait';
import type { CredentialOfItem, Operation, PreparedStart } from '../operation';
import type { ProcessState } from '../processState';
import type { Started } from '../start/claims';
import type { LeftOpenRoom } from '../start/room';

/** How an item ended: with records, with an error, or not begun because another item failed (then it has neither). */
export interface Outcome {
	records?: IDataObject[];
	binary?: IBinaryKeyData;
	wait?: SentWait;
	/** The error in its final words. When it's thrown, `stopError` adds the item to its message. */
	error?: Error;
	/** Whether the API may have done what was asked although the item failed. */
	isInDoubt?: boolean;
	/** The room that was made for the item and is still open. */
	openRoomId?: string;
}

/** The outcomes by item; undefined: the item hasn't run yet. */
export type Outcomes = Array<Outcome | undefined>;

/** One run of an operation for all items. */
export interface Run {
	context: IExecuteFunctions;
	operation: Operation;
	outcomes: Outcomes;
	credentialOfItem: CredentialOfItem;
	state: ProcessState;
	/** The number that each item calls, as far as it can be read. */
	callees: Array<string | undefined>;
}

/** @returns the outcome of an item that has started something */
export const startedOutcome = ({ isSimplified }: PreparedStart, { record, wait }: Started): Outcome => ({
	records: [isSimplified ? simplifyCall(record) : record],
	wait,
});

/**
 * @param isInDoubt whether something may have been started all the same
 * @param openRoom is named in the message as well, because often nothing but the message is shown
 * @returns the outcome of an item that failed
 */
export function failedOutcome(
	run: Run,
	error: unknown,
	itemIndex: number,
	{ isInDoubt = false, openRoom }: { isInDoubt?: boolean; openRoom?: LeftOpenRoom } = {},
): Outcome {
	const nodeError =
		error instanceof NodeApiError || error instanceof NodeOperationError
			? error
			: new NodeOperationError(run.context.getNode(), error as Error);
	nodeError.context.itemIndex = itemIndex;
	if (openRoom) {
		const { one, started } = STARTS[run.operation.starts ?? 'session'];
		const { roomId, reason } = openRoom;
		const advice =
			reason === undefined
				? `and is still open. If the ${one} wasn't ${started}, close the room with Room: Deactivate.`
				: `and couldn't be closed (${reason}). Please close the room with Room: Deactivate.`;
		nodeError.message += ` (room ${roomId})`;
		nodeError.description =
			`The room ${roomId} was created for the ${one} ${advice} ${nodeError.description ?? ''}`.trim();
	}
	return { isInDoubt, openRoomId: openRoom?.roomId, error: nodeError };
}

/** @returns the records of what an item has started, without those of calls that weren't made, and of dry runs */
export function startedBy({ records = [] }: Outcome = {}): IDataObject[] {
	return records.filter(({ outcome, dryRun }) => outcome !== 'notCalled' && dryRun !== true);
}

/** @returns whether an item has started anything, or may have */
export function mayHaveStarted(outcome?: Outcome): boolean {
	return outcome?.isInDoubt === true || startedBy(outcome).length > 0;
}

/**
 * Names what was started, or may have been, before the node stopped, because it costs money.
 *
 * @param shown the error that the node fails with; its item is left out, because the error already names it
 * @returns sentences; empty if nothing was started
 */
export function startedInWords(
	{ outcomes, callees }: Pick<Run, 'callees' | 'outcomes'>,
	starts: StartKind,
	shown?: Error,
): string {
	const { idField, one, started, check, goOn } = STARTS[starts] as StartWords;
	const ids: string[] = [];
	const doubtful: string[] = [];
	const openRooms: string[] = [];
	for (const [itemIndex, outcome = {}] of outcomes.entries()) {
		if (outcome.error !== undefined && outcome.error === shown) continue;
		ids.push(...startedBy(outcome).map((record) => String(record[idField] ?? `item ${itemIndex} (no ID)`)));
		const callee = callees[itemIndex];
		if (outcome.isInDoubt) doubtful.push(callee ? `${itemIndex} (${callee})` : String(itemIndex));
		if (outcome.openRoomId !== undefined) openRooms.push(`room ${outcome.openRoomId} (item ${itemIndex})`);
	}
	const sentences = [
		ids.length > 0 &&
			`${ids.length === 1 ? `One ${one} was` : `${ids.length} ${one}s were`} ${started} before this: ${ids.join(', ')}.`,
		ids.length > 0 && goOn,
		doubtful.length > 0 &&
			`The ${doubtful.length === 1 ? `${one} for item` : `${one}s for items`} ${doubtful.join(', ')} may have been ${started}. ${check}`,
		openRooms.length > 0 && `Created and still open: ${openRooms.join(', ')}.`,
	];
	return sentences.filter(Boolean).join(' ');
}

/**
 * Makes the error with which the node stops.
 *
 * @param error the error of one item, or of the operation's `complete`
 * @returns the error, with its item in the message, and with what the other items have started in the description
 */
export function stopError(run: Run, error: Error): Error {
	const { context, operation, outcomes } = run;
	const { starts } = operation;
	const nodeError = error as NodeApiError;
	const itemIndex = nodeError.context?.itemIndex as number | undefined;
	const item = itemIndex === undefined ? '' : ` [item ${itemIndex}]`;
	const message = error.message.endsWith(item) ? error.message : error.message + item;
	const started = starts && startedInWords(run, starts, error);
	const none = starts && !outcomes.some(mayHaveStarted) ? (STARTS[starts] as StartWords).none : undefined;
	const description = [started, nodeError.description, none].filter(Boolean).join(' ') || undefined;
	if (!started) return Object.assign(error, { message, description });
	const httpCode = nodeError.httpCode ?? undefined;
	return new NodeApiError(context.getNode(), {} as JsonObject, { message, description, httpCode, itemIndex });
}
