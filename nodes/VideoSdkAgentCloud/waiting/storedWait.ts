import { timingSafeEqual } from 'crypto';
import { type IWebhookFunctions, UserError } from 'n8n-workflow';
import type { KindName } from '../conversation/kinds';
import type { WaitPolicy } from '../conversation/nextStep';
import { readWaitingExecution } from '../n8n/waitingState';
import { hashOf, type Question } from './question';

/** The version of what is stored, because executions may wait for 30 days, and the package may be updated meanwhile. */
export const VERSION = 2;

/** What any process has to know of a waiting execution. It's stored with the execution. */
export interface StoredWait {
	version: typeof VERSION;
	kind: KindName;
	/** The key that proves this package's own requests to the resume URL. Anyone who can read the execution's data could continue it. */
	key: string;
	executionId: string;
	resumeUrl: string;
	/** When the wait began, in ms since 1970. */
	sinceMs: number;
	/** The conversations for which it waits, by their policy. Those of other items have ended at once, or were never started. */
	awaited: Array<WaitPolicy & { ids: string[] }>;
	question?: Question;
}

/** @returns whether a request carries the key of the waiting execution, compared in constant time */
export function hasKey({ key }: StoredWait, given: unknown): boolean {
	return timingSafeEqual(hashOf(String(given)), hashOf(key));
}

/**
 * Reads what the waiting execution has stored.
 *
 * @returns undefined if the execution doesn't wait at this node
 * @throws UserError if it was stored by another version of the package
 */
export function readWaiting(context: IWebhookFunctions) {
	const found = readWaitingExecution(context);
	if (found === undefined) return undefined;
	const stored = JSON.parse(found.text) as StoredWait;
	if (stored.version === VERSION) return { stored, items: found.items };
	throw new UserError(
		"The execution was put to wait by a different version of this package, so it continues at n8n's deadline.",
	);
}

/** A stored wait, and the items of its execution, in input order. The result of a conversation replaces its item. */
export type Waiting = NonNullable<ReturnType<typeof readWaiting>>;
