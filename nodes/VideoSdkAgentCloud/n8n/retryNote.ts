import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { CONTEXT_KEYS } from './keys';
import { storedContext } from './nodeContext';

/**
 * What a node that failed leaves to a user's Retry, in which n8n runs it again with the same items and context (ExecutionService.retry).
 */
export interface RetryNote<Left> {
	/** When the node began, in ms since 1970. Undefined: no time is known, because an execution before it has left no note. */
	sinceMs?: number;
	/** What the node has started, or may have, by key. */
	starts: Record<string, Left>;
}

/** Stores a note with the execution, which is about to fail. */
export function leaveNote<Left>(context: IExecuteFunctions, note: RetryNote<Left>): void {
	storedContext(context)[CONTEXT_KEYS.started] = note as unknown as IDataObject;
}

/** @returns the note of the failed execution; undefined if this isn't a user's Retry, or there is no note */
export function readNote<Left>(context: IExecuteFunctions): RetryNote<Left> | undefined {
	if (context.getMode() !== 'retry') return undefined;
	return storedContext(context)[CONTEXT_KEYS.started] as unknown as RetryNote<Left> | undefined;
}

/** Clears the note, because the node has succeeded. In a user's Retry, its time stays, because a later round of a loop may fail. */
export function forgetStarts(context: IExecuteFunctions): void {
	const note = readNote(context);
	if (note) leaveNote(context, { ...note, starts: {} });
	else delete storedContext(context)[CONTEXT_KEYS.started];
}
