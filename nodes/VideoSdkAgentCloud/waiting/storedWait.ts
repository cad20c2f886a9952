import { createHash, randomBytes, timingSafeEqual } from 'crypto';
import type { IDataObject, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import type { Includable } from '../api/conversation';
import { type ConversationKind, CONVERSATIONS } from './conversation';

/**
 * What any process has to know of a waiting execution. It is in the node's context, which n8n stores with the execution and which is
 * in no output. What the execution waits for is in its items, see `park`.
 */
export interface StoredWait {
	kind: ConversationKind;
	/** Hash of the key of our own requests. Identifies this wait, since an execution may wait several times. */
	keyHash: string;
	executionId: string;
	resumeUrl: string;
	/** In ms since 1970. */
	deadlineMs: number;
	/** The IDs of those to end at the deadline. */
	endIds: string[];
	/** The IDs of those that come out whole, without Simplify. */
	wholeIds?: string[];
	/** What is to be included, by the conversation's ID; undefined: nothing. */
	include?: Record<string, WantedParts>;
	/** How long to wait for that after the end, in ms. */
	includeWaitMs?: number;
}

/** What is to be included of a conversation. */
export interface WantedParts {
	names: Includable[];
	/** As far as the start's answer said. */
	roomId?: string;
	/** When it began, an API time. */
	start?: string;
}

/** A wait, and the items of its execution. */
export interface Waiting {
	wait: StoredWait;
	/** In input order. Their outcomes replace them in the output. */
	items: IDataObject[];
	/** Those that had not ended when the wait began. */
	awaited: IDataObject[];
	/** Their IDs, each once. */
	ids: string[];
}

const CONTEXT_FIELD = 'agentCloudWait';

function hashOf(key: string): string {
	return createHash('sha256').update(key).digest('hex');
}

/** Stores a wait with the execution. @returns it, and the key that proves our requests. Only this process's memory has the key */
export function storeWait(
	context: IExecuteFunctions,
	wait: Omit<StoredWait, 'keyHash'>,
): { wait: StoredWait; key: string } {
	const key = randomBytes(32).toString('hex');
	const stored: StoredWait = { ...wait, keyHash: hashOf(key) };
	context.getContext('node')[CONTEXT_FIELD] = JSON.stringify(stored);
	return { wait: stored, key };
}

/** @returns whether a request carries the key of the waiting execution */
export function hasKey({ keyHash }: StoredWait, key: unknown): boolean {
	return typeof key === 'string' && timingSafeEqual(Buffer.from(hashOf(key)), Buffer.from(keyHash));
}

/** n8n ends an expression at the first `}}`, which a node's name may contain. */
function quoteForExpression(name: string): string {
	return JSON.stringify(name).replaceAll('{', '\\u007b').replaceAll('}', '\\u007d');
}

/** @returns what the waiting execution has stored; undefined if it does not wait at this node */
export function readWaiting(context: IWebhookFunctions): Waiting | undefined {
	// A webhook context has no getContext, but expressions reach it (WorkflowDataProxy, `$node[...].context`).
	const name = quoteForExpression(context.getNode().name);
	const stored = context.evaluateExpression(`{{ $node[${name}].context.${CONTEXT_FIELD} }}`);
	if (typeof stored !== 'string') return undefined;
	const wait = JSON.parse(stored) as StoredWait;
	const items = context.evaluateExpression(
		'{{ $input.all().map((item) => item.json ?? item) }}',
	) as IDataObject[];
	const { idField } = CONVERSATIONS[wait.kind];
	const awaited = items.filter(({ timedOut }) => timedOut === true);
	return { wait, items, awaited, ids: [...new Set(awaited.map((item) => String(item[idField])))] };
}
