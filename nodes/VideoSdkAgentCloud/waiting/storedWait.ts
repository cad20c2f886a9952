import { timingSafeEqual } from 'crypto';
import { type IWebhookFunctions, UserError } from 'n8n-workflow';
import type { KindName } from '../conversation/kinds';
import type { WaitPolicy } from '../conversation/nextStep';
import { readWaitingExecution } from '../n8n/waitingState';
import { hashOf, type Question } from './question';

/** The version of what is stored. Executions may wait for 30 days, and the package be updated meanwhile. */
export const VERSION = 2;

/** What any process has to know of a waiting execution. Stored with it. */
export interface StoredWait {
	version: typeof VERSION;
	kind: KindName;
	/** Proves our own requests to the resume URL. Whoever may read the execution's data may continue it. */
	key: string;
	executionId: string;
	resumeUrl: string;
	/** When the wait began, in ms since 1970. */
	sinceMs: number;
	/** Those that are awaited, by what is wanted of them. Others of the items have ended at once, or were never started. */
	awaited: Array<WaitPolicy & { ids: string[] }>;
	/** Of Ask and Wait. */
	question?: Question;
}

/** @returns whether a request carries the key of the waiting execution. In constant time */
export function hasKey({ key }: StoredWait, given: unknown): boolean {
	return timingSafeEqual(hashOf(String(given)), hashOf(key));
}

/**
 * @returns what the waiting execution has stored; undefined if it does not wait at this node
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

/** A wait and the items of its execution, in input order. What came of a conversation replaces its item. */
export type Waiting = NonNullable<ReturnType<typeof readWaiting>>;
