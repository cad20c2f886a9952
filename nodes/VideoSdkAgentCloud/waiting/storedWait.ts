import { createHash, createHmac, randomBytes, timingSafeEqual } from 'crypto';
import type { IDataObject, IExecuteFunctions, IRunExecutionData, IWebhookFunctions } from 'n8n-workflow';
import type { RequestContext } from '../api/credential';
import type { WaitableKind } from './waitable';

/**
 * What another process, or this one after a restart, has to know of a waiting execution. It is kept in the node's context, which n8n
 * stores with the execution and which is in no output. What is waited for is in the items that wait, see `waitForEnds`.
 */
export interface StoredWait {
	kind: WaitableKind;
	/** Also the name of this wait: an execution may wait several times. */
	keyHash: string;
	executionId: string;
	resumeUrl: string;
	/** In ms since 1970. */
	deadlineMs: number;
	/** The IDs of those that are ended at the deadline. */
	endIds: string[];
}

const CONTEXT_FIELD = 'agentCloudWait';

/**
 * The process that started what is waited for proves its requests to the resume URL by a random key, which only its memory holds: a
 * credential may differ from item to item, and its secret may be changed while the execution waits.
 */
export const KEY_HEADER = 'x-agent-cloud-poll-key';
/** Another process, which was told of the wait by an event, proves its requests by the credential's secret as it is now. */
export const PROOF_HEADER = 'x-agent-cloud-poll-proof';

function isEqual(given: unknown, expected: string): boolean {
	const [one, other] = [Buffer.from(String(given)), Buffer.from(expected)];
	return one.length === other.length && timingSafeEqual(one, other);
}

function hashOf(key: string): string {
	return createHash('sha256').update(key).digest('hex');
}

/** Stores what must survive. @returns it, with the key of the requests to the resume URL */
export function storeWait(
	context: IExecuteFunctions,
	wait: Omit<StoredWait, 'keyHash'>,
): { wait: StoredWait; key: string } {
	const key = randomBytes(32).toString('hex');
	const stored: StoredWait = { ...wait, keyHash: hashOf(key) };
	context.getContext('node')[CONTEXT_FIELD] = JSON.stringify(stored);
	return { wait: stored, key };
}

/** @returns what the waiting execution has stored; undefined if it does not wait at this node */
export function readWait(context: IWebhookFunctions): StoredWait | undefined {
	// A webhook context has no getContext; expressions reach it (WorkflowDataProxy, `$node[...].context`).
	const stored = context.evaluateExpression(
		`{{ $node[${JSON.stringify(context.getNode().name)}].context.${CONTEXT_FIELD} }}`,
	);
	return typeof stored === 'string' ? (JSON.parse(stored) as StoredWait) : undefined;
}

/** @returns what an execution waits for, as n8n has stored it; undefined if it does not wait at a node of this package */
export function currentWait({
	waitTill,
	resultData,
	executionData,
}: IRunExecutionData): StoredWait | undefined {
	if (!waitTill || resultData.error !== undefined) return undefined;
	const name = executionData?.nodeExecutionStack[0]?.node.name;
	const stored = executionData?.contextData[`node:${name}`]?.[CONTEXT_FIELD];
	return typeof stored === 'string' ? (JSON.parse(stored) as StoredWait) : undefined;
}

/**
 * Looks into n8n's database, which no audit event tells of. n8n says to nobody that an execution was stopped or deleted, nor to this
 * process that another one has resumed it.
 *
 * @param context of any execution; others cannot look
 * @returns false only if the execution certainly does not wait here any more: not before n8n has stored it
 */
export async function isStillWaiting(context: RequestContext, wait: StoredWait): Promise<boolean> {
	if (!('getExecutionDataById' in context)) return true;
	const data = await context.getExecutionDataById(wait.executionId);
	if (data === undefined) return false;
	const contexts = Object.values(data.executionData?.contextData ?? {});
	const isStored = contexts.some((context) => String(context[CONTEXT_FIELD]).includes(wait.keyHash));
	return !isStored || currentWait(data)?.keyHash === wait.keyHash;
}

/** @returns the items that wait, in input order. Their outcomes replace them in the output */
export function waitingItems(context: IWebhookFunctions): IDataObject[] {
	return context.evaluateExpression('{{ $input.all().map((item) => item.json ?? item) }}') as IDataObject[];
}

/** @returns whether a request carries the key of the execution that waits */
export function hasKey(wait: StoredWait, key: unknown): boolean {
	return typeof key === 'string' && isEqual(hashOf(key), wait.keyHash);
}

/** @returns what PROOF_HEADER carries */
export function proofOf(wait: StoredWait, secretKey: unknown): string {
	return createHmac('sha256', String(secretKey)).update(wait.keyHash).digest('hex');
}

/** @returns whether a request carries the proof by the credential's secret */
export function hasProof(wait: StoredWait, secretKey: unknown, proof: unknown): boolean {
	return Boolean(secretKey) && typeof proof === 'string' && isEqual(proof, proofOf(wait, secretKey));
}
