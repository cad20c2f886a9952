import { type IExecuteFunctions, type INodeExecutionData, type IWebhookFunctions, sleep } from 'n8n-workflow';
import { CONTEXT_KEYS } from './keys';
import { type InEngine, runOf } from './nodeContext';

const NO_EXECUTION_ID = '0';
const POLL_MS = 1_000;

/** @returns n8n's own URL that resumes the execution, to which a node may append a path. All webhooks have its origin */
export function baseResumeUrlOf(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
}

/**
 * Puts the execution to wait at this node.
 *
 * At its deadline, n8n outputs this node's input, and doesn't run the node again (WorkflowExecute.handleDisabledNode), so the input is
 * replaced. The former items aren't changed, because they are the output of another node.
 *
 * @param text what any process has to know of the wait. n8n stores it with the execution, but in no output
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
	// n8n disables a node that has waited, and two uses of a tool in one turn of an agent share the node object, so that the second use
	// would never run (test/e2e/aiAgent: asks for each of two uses in one turn). until: n8n disables a copy of the node.
	executeData.node = { ...executeData.node };
	// Without this, n8n resumes the execution with the output of any sub-workflow that an earlier node has left running
	// (updateParentExecutionWithChildResults). until: n8n resumes a parent only if it waits for that sub-workflow.
	executeData.metadata = { ...executeData.metadata, waitingChildExecutionIds: [NO_EXECUTION_ID] };
	// In a user's Retry of an execution that was stopped, n8n leaves the error of the stop (ExecutionService.retry), and then takes the
	// execution that waits for one that has failed: it refuses each request to it (WaitingWebhooks.executeWebhook; test/e2e/askAndWait).
	// until: n8n removes the error in each Retry.
	if (context.getMode() === 'retry') delete runOf(context)?.resultData.error;
	await context.putExecutionToWait(new Date(deadlineMs));
}

/**
 * Reads what `putExecutionToWait` has stored. It reads n8n's own data, which the types of a webhook's context don't have, because an
 * expression fails at node names such as "constructor".
 *
 * @returns the text and the items, whatever process has stored them; undefined if the execution doesn't wait at this node
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

/** The response object of a webhook's request. */
type WebhookResponse = ReturnType<IWebhookFunctions['getResponseObject']>;

/**
 * Waits until n8n has responded to a request, which it does once it has stored the execution, or has begun to continue it. While its limit
 * for production executions is reached, n8n holds the request, even if the sender has gone away (test/e2e/nightly/otherWaits).
 *
 * @param untilMs until when to wait for n8n's response to a sender that has gone away, in ms since 1970. Default: not at all
 * @returns whether n8n has responded with 200
 */
export async function whenAnswered(response: WebhookResponse, untilMs = 0): Promise<boolean> {
	// "close" is emitted once, after a response or when the sender has gone away, and may have been emitted while the request was verified.
	if (!response.closed) await new Promise((resolve) => response.once('close', resolve));
	while (!response.writableEnded && Date.now() < untilMs) await sleep(POLL_MS);
	return response.writableEnded && response.statusCode === 200;
}
