import { type IExecuteFunctions, type INodeExecutionData, type IWebhookFunctions, sleep } from 'n8n-workflow';
import { CONTEXT_KEYS } from './keys';
import type { InEngine } from './nodeContext';

const NO_EXECUTION_ID = '0';
const LOOK_AGAIN_MS = 1_000;

/** @returns n8n's own URL that resumes the execution, to which a node may append a path; its origin is that of all webhooks */
export function baseResumeUrlOf(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
}

/**
 * Puts the execution to wait at this node.
 *
 * At its deadline n8n passes this node's input through and does not run the node again (WorkflowExecute.handleDisabledNode), so the
 * input is replaced. The items before, which other nodes show, are left as they are.
 *
 * @param text what any process has to know of the wait. n8n stores it with the execution, and it is in no output
 * @param items the output at n8n's own deadline
 * @param deadlineMs n8n's own deadline, in ms since 1970
 */
export async function putExecutionToWait(
	context: IExecuteFunctions,
	text: string,
	items: INodeExecutionData[],
	deadlineMs: number,
): Promise<void> {
	context.getContext('node')[CONTEXT_KEYS.wait] = text;
	const executeData = context.getExecuteData();
	executeData.data.main = [items];
	// n8n disables the node that waited, and two uses of a tool in one turn of an agent share it: the second would never run.
	executeData.node = { ...executeData.node };
	// Else n8n resumes the execution with the output of any sub-workflow that an earlier node has left running
	// (updateParentExecutionWithChildResults).
	executeData.metadata = { ...executeData.metadata, waitingChildExecutionIds: [NO_EXECUTION_ID] };
	await context.putExecutionToWait(new Date(deadlineMs));
}

/**
 * Reads what `putExecutionToWait` has stored. n8n's types do not show the stored execution to a webhook, and expressions fail at node
 * names such as "constructor".
 *
 * @returns the text and the items, by whatever process they were stored; undefined if the execution does not wait at this node
 */
export function readWaitingExecution(context: IWebhookFunctions) {
	const { runExecutionData } = context as InEngine;
	const { contextData = {}, nodeExecutionStack = [] } = runExecutionData?.executionData ?? {};
	const { name } = context.getNode();
	const text: unknown = contextData[`node:${name}`]?.[CONTEXT_KEYS.wait];
	const items = nodeExecutionStack[0]?.data.main?.[0];
	if (typeof text !== 'string' || nodeExecutionStack[0]?.node.name !== name || !items) return undefined;
	return { text, items: items.map(({ json }) => json) };
}

/** The response by which n8n answers a request. */
type WebhookResponse = ReturnType<IWebhookFunctions['getResponseObject']>;

/**
 * Waits until n8n has answered a request, which it does once it has stored the execution, or has begun to continue it. If it has as many
 * executions under way as it may have, it holds the request until one has ended, and does so even if the sender has gone away meanwhile.
 *
 * @param untilMs until when n8n may answer a sender that has gone away, in ms since 1970. Default: it isn't waited for
 * @returns whether it was with 200
 */
export async function whenAnswered(response: WebhookResponse, untilMs = 0): Promise<boolean> {
	// "close" comes after every answer, and when the sender went away, but only once: it may have come while the request was verified.
	if (!response.closed) await new Promise((resolve) => response.once('close', resolve));
	while (!response.writableEnded && Date.now() < untilMs) await sleep(LOOK_AGAIN_MS);
	return response.writableEnded && response.statusCode === 200;
}
