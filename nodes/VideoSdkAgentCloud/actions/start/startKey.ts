import { createHash } from 'crypto';
import type { IExecuteFunctions, IRunExecutionData } from 'n8n-workflow';
import { trimKey } from '../../../../credentials/apiTarget';
import { CONTEXT_KEYS } from '../../n8n/keys';
import { type InEngine, runOf, storedContext } from '../../n8n/nodeContext';
import { type StartKind } from '../../api/startWords';
import { phoneKey } from '../../api/telephony';
import type { PreparedStart } from '../operation';

const KEY_LENGTH = 22;
const CONTENT_LENGTH = 10;

/** @returns a text of 22 characters that is the same for the same parts, and for no others */
export function digest(...parts: unknown[]): string {
	return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, KEY_LENGTH);
}

/**
 * @returns a digest of the user's data and the task, which goes out with the key of a call whose number another item may have, too, so that
 *   one person's answers aren't taken for another's; undefined: the number tells
 */
export function contentOf({ call, agent }: PreparedStart): string | undefined {
	return call?.allowsSameNumber ? digest(agent?.data).slice(0, CONTENT_LENGTH) : undefined;
}

/** @returns what is sent as a start's key */
export const withContent = (key: string, content = ''): string => key + content;

/** Takes apart what `withContent` has made. */
export function keyAndContent(sent?: string): { key?: string; content?: string } {
	return { key: sent?.slice(0, KEY_LENGTH), content: sent?.slice(KEY_LENGTH) || undefined };
}

/** @returns an ID of an execution that no other n8n has */
const idOf = (context: IExecuteFunctions, executionId: string) => `${context.getInstanceId()} ${executionId}`;

/**
 * Names the execution from which the keys of its starts are made. A user's Retry has the name of the execution that it retries.
 *
 * @returns undefined if n8n's own agent uses the tool, because there is no execution then (EphemeralNodeExecutor)
 */
export function baseOf(context: IExecuteFunctions): string | undefined {
	const run = runOf(context);
	const executionId = context.getExecutionId();
	if (run === undefined || !executionId) return undefined;
	const stored = storedContext(context, 'flow');
	const base =
		context.getMode() === 'retry'
			? ((stored[CONTEXT_KEYS.base] as string | undefined) ?? retriedBase(context, run))
			: idOf(context, executionId);
	// n8n doesn't say what it retries once a Retry has waited.
	stored[CONTEXT_KEYS.base] = base;
	return base;
}

/** Names the execution that a user retries, which has left no name itself. */
function retriedBase(context: IExecuteFunctions, { resultData }: IRunExecutionData): string {
	// n8n passes the ID of the retried execution (WorkflowRunner.runMainProcess, JobProcessor), even if it was killed before a node could
	// store anything.
	const retryOf = (context as InEngine).additionalData?.hooks?.retryOf;
	if (retryOf) return idOf(context, retryOf);
	// If the Retry has waited before the first start, only its runs are left, among them those of what it retries.
	const runs = Object.values(resultData.runData).flat();
	const starts = runs.map(({ startTime }) => startTime).filter((startTime) => startTime > 0);
	return `${context.getWorkflow().id} ${Math.min(...starts)}`;
}

/** @returns the node's ID, which it keeps when it's renamed; its name if it has none, or another node has the same (a pasted workflow) */
function nodeIdOf(context: IExecuteFunctions): string {
	const { id, name } = context.getNode();
	const nodes = Object.values((context as InEngine).workflow?.nodes ?? {});
	return id && nodes.filter((node) => node.id === id).length < 2 ? id : name;
}

/** @returns what a start is to bring about, as the user has entered it: the number of a call, else a digest without tokens and our URLs */
export function aimOf({ request, call, room, agent }: PreparedStart): string {
	if (call) return phoneKey(call.to);
	const given = 'body' in request ? { ...request.body, webhook: undefined } : request;
	return digest(request.kind, given, agent?.data, room?.roomId, room?.body);
}

/**
 * Makes the key of an item's start. It holds neither the item's position nor the round of a loop, so that a Retry finds what was started
 * although the nodes before give other rows then, or the same in another order.
 *
 * @param aim see `aimOf`
 * @param before how often the node has begun the same before, see `placesOf`
 * @returns the same key each time this start is repeated, a different one for any other
 */
export function automaticKey(context: IExecuteFunctions, base: string, aim: string, before: number): string {
	return digest(base, nodeIdOf(context), aim, before);
}

/**
 * @param reached the number or the deployment
 * @returns the key that is made of a user's text: the same in each execution that starts the same with it
 */
export function userKey(text: string, apiKey: unknown, starts: StartKind, reached?: string): string {
	return digest('user', text, trimKey(apiKey), starts, reached);
}

/** @returns the custom ID of a room for one attempt of a start. No two starts, attempts, or executions share a room */
export function roomKey(context: IExecuteFunctions, key: string, start: number): string {
	return `n8n-${digest(key, idOf(context, context.getExecutionId()), start)}`;
}
