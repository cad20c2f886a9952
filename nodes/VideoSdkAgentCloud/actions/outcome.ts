import type { IBinaryKeyData, IDataObject, IExecuteFunctions, JsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import { failureOf } from '../api/client';
import { isInDoubt } from '../api/failure';
import type { Startable } from '../api/startable';
import { STARTABLES } from '../api/startable';

/** What became of an item: its records, or why there are none. Undefined: not begun, because another item failed. */
export type Outcome = { records: IDataObject[]; binary?: IBinaryKeyData } | { error: Error } | undefined;

/** @returns the error as n8n shows it: ours are left as they are */
export function asNodeError(context: IExecuteFunctions, error: unknown, itemIndex: number): Error {
	return error instanceof NodeApiError || error instanceof NodeOperationError
		? error
		: new NodeOperationError(context.getNode(), error as Error, { itemIndex });
}

/** @returns whether the API may have done what was asked although the item failed */
export function isOutcomeInDoubt(outcome: Outcome): boolean {
	const failure = outcome !== undefined && 'error' in outcome ? failureOf(outcome.error) : undefined;
	return failure !== undefined && isInDoubt(failure);
}

/** The rooms that were created for a start that failed, and are still open. */
const openRooms = new WeakMap<Error, string>();

/** Keeps for `startedInWords` that the room of a failed item is still open. */
export function noteOpenRoom(error: Error, roomId: string): void {
	openRooms.set(error, roomId);
}

/**
 * Tells what was started before the node stopped, or may have been: it costs money, so the user must learn of it.
 *
 * @param error of the item that is told anyway
 * @returns sentences; empty if nothing was
 */
export function startedInWords(outcomes: Outcome[], starts: Startable, error?: Error): string {
	const { idField, one, several, started, check } = STARTABLES[starts];
	const ids = outcomes.flatMap((outcome, itemIndex) =>
		outcome !== undefined && 'records' in outcome
			? outcome.records.map((record) => String(record[idField] ?? `the one of item ${itemIndex}`))
			: [],
	);
	const doubtful = outcomes.flatMap((outcome, itemIndex) =>
		isOutcomeInDoubt(outcome) && (outcome as { error: Error }).error !== error ? [itemIndex] : [],
	);
	const rooms = outcomes.flatMap((outcome, itemIndex) => {
		const roomId =
			outcome && 'error' in outcome && outcome.error !== error ? openRooms.get(outcome.error) : undefined;
		return roomId === undefined ? [] : [`${roomId} (item ${itemIndex})`];
	});
	const sentences = [
		ids.length > 0 &&
			`${ids.length === 1 ? `One ${one} was` : `${ids.length} ${several} were`} ${started} before: ${ids.join(', ')}.`,
		doubtful.length > 0 &&
			`The ${one} of item ${doubtful.join(', ')} may have been ${started}, too: ${check}`,
		rooms.length > 0 && `Rooms that were created and are still open: ${rooms.join(', ')}.`,
	];
	return sentences.filter(Boolean).join(' ');
}

/** Adds to the error of one item what the others did. */
export function stopError(
	context: IExecuteFunctions,
	error: Error,
	outcomes: Outcome[],
	starts: Startable | undefined,
): Error {
	const started = starts && startedInWords(outcomes, starts, error);
	if (!started) return error;
	const { description, httpCode, context: details } = error as NodeApiError;
	return new NodeApiError(context.getNode(), {} as JsonObject, {
		message: error.message,
		description: [started, description].filter(Boolean).join(' '),
		httpCode: httpCode ?? undefined,
		itemIndex: details?.itemIndex as number | undefined,
	});
}
