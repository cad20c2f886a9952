import { type IWebhookFunctions } from 'n8n-workflow';
import { type RequestId, resultResponse, type ToolResult, toolResult } from './server';
import { resultInAnswer } from './toolResult';

type Response = ReturnType<IWebhookFunctions['getResponseObject']>;

/** What the agent reads if the workflow gave no answer: words with which it can continue the conversation. */
const NO_ANSWER = {
	// Which of them, n8n doesn't tell in queue mode: it answers as soon as an execution begins to wait.
	ended:
		"The tool didn't answer. The workflow behind it failed, or ended without 'Agent Tool: Answer', or is still waiting, so don't call it again right away. Tell the caller that this can't be confirmed right now.",
	timeout: "The tool didn't answer in time. It may still be working, so don't call it again right away.",
};

/** The agent stops waiting at the timeout, so the answer leaves before: by this share of it, and this much at most. */
const MARGIN_SHARE = 0.1;
const MAX_MARGIN_MS = 1_000;
/** What n8n has set for its own answer. */
const HEADERS_OF_N8N = ['content-length', 'content-type', 'etag'];

/**
 * Holds the response to a tool call until the workflow has answered, and makes every end of it a result that the agent understands.
 *
 * n8n answers for a webhook with `responseMode: 'responseNode'` through the response object alone, in each of its modes:
 * with what Agent Tool: Answer gave it, with an empty 200 or a 500 if the workflow ended, waits, or failed without it, and in some
 * cases never. So `end` of this response is replaced: it sends n8n's answer as an MCP result, or a tool error in its place. At
 * the timeout the agent is told so, and whatever n8n answers later is dropped.
 *
 * @param id of the agent's request
 * @param timeoutMs how long the agent waits
 */
export function holdResponse(response: Response, id: RequestId, timeoutMs: number): void {
	const end = response.end.bind(response);
	const deadline = AbortSignal.timeout(timeoutMs - Math.min(timeoutMs * MARGIN_SHARE, MAX_MARGIN_MS));
	let isOver = false;

	const answer = (result: ToolResult): void => {
		if (isOver) return;
		isOver = true;
		for (const name of HEADERS_OF_N8N) response.removeHeader(name);
		response.statusCode = 200;
		response.setHeader('Content-Type', 'application/json; charset=utf-8');
		const body = JSON.stringify(resultResponse(id, result));
		// Headers cannot be changed any more; n8n would fail over that.
		const ignore = () => response;
		end(body);
		Object.assign(response, { setHeader: ignore, removeHeader: ignore, appendHeader: ignore });
	};

	const endOfN8n = (body?: unknown): Response => {
		answer(resultInAnswer(body) ?? toolResult(NO_ANSWER.ended, true));
		return response;
	};
	// A file, which n8n would send piece by piece, is no answer.
	Object.assign(response, { end: endOfN8n, write: () => true });
	deadline.addEventListener('abort', () => answer(toolResult(NO_ANSWER.timeout, true)));
	// Also comes when the agent has gone away.
	response.once('close', () => (isOver = true));
}
