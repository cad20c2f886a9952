import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { CONTEXT_KEYS } from './keys';
import { keptOfNode } from './nodeContext';

/** What a node that failed leaves to a user's Retry: n8n runs it again with the same items and its context (ExecutionService.retry). */
export interface RetryNote<Left> {
	/** What the keys of its starts were made of, see actions/run/startKey.ts. */
	base: string;
	/** When it began, in ms since 1970. */
	sinceMs: number;
	/** What it has started, or may have, by key. */
	starts: Record<string, Left>;
}

/** Leaves a note with the execution, which the node is about to fail. */
export function leaveNote<Left>(context: IExecuteFunctions, note: RetryNote<Left>): void {
	keptOfNode(context)[CONTEXT_KEYS.started] = note as unknown as IDataObject;
}

/** @returns what the failed execution has left; undefined if this is no Retry, or it left nothing */
export function readNote<Left>(context: IExecuteFunctions): RetryNote<Left> | undefined {
	if (context.getMode() !== 'retry') return undefined;
	return keptOfNode(context)[CONTEXT_KEYS.started] as unknown as RetryNote<Left> | undefined;
}

/** Forgets what an earlier try has left, since the node has succeeded. In a Retry the base stays: a later round of a loop may fail. */
export function forgetStarts(context: IExecuteFunctions): void {
	const note = readNote(context);
	if (note) leaveNote(context, { ...note, starts: {} });
	else delete keptOfNode(context)[CONTEXT_KEYS.started];
}
