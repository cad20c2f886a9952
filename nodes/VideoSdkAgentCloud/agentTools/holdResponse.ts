import { type IWebhookFunctions } from 'n8n-workflow';
import { type RequestId, resultResponse, type ToolResult, toolResult } from './server';
import { resultInAnswer } from './toolResult';

type Response = ReturnType<IWebhookFunctions['getResponseObject']>;

/** The texts with which the agent can continue the conversation if the workflow gave no answer. */
const NO_ANSWER = {
	// The text names all causes, because n8n doesn't tell which one it is: in queue mode, it responds as soon as an execution waits
	// (test/e2e/tools).
	ended:
		"The tool didn't answer. The workflow behind it failed, or ended without 'Agent Tool: Answer', or is still waiting, so don't call it again right away. Tell the caller that this can't be confirmed right now.",
	timeout: "The tool didn't answer in time. It may still be working, so don't call it again right away.",
};

/** The share of the timeout by which the answer is sent earlier, because the agent stops waiting at the timeout. */
const MARGIN_SHARE = 0.1;
const MAX_MARGIN_MS = 1_000;
/** The headers that n8n has set for its own response. */
const HEADERS_OF_N8N = ['content-length', 'content-type', 'etag'];

/**
 * Holds the response to a tool call until the workflow has answered, and makes a result that the agent understands of whatever n8n sends.
 *
 * For a webhook with `responseMode: 'responseNode'`, n8n responds through the response object alone (webhook-helpers; test/e2e/tools):
 * with what Agent Tool: Answer gave it, with an empty 200 or a 500 if the workflow ended, waits, or failed without it, and in some
 * cases never. So `end` of the response is replaced by a function that sends n8n's answer as an MCP result, or a tool error in its place.
 * At the timeout, the agent gets a tool error, and whatever n8n sends later is dropped.
 *
 * until: n8n lets a trigger handle the response of its workflow.
 *
 * @param id the ID of the agent's request
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
		// n8n sets headers after this as well, which would throw, because the headers were sent.
		const ignore = () => response;
		end(body);
		Object.assign(response, { setHeader: ignore, removeHeader: ignore, appendHeader: ignore });
	};

	const endOfN8n = (body?: unknown): Response => {
		answer(resultInAnswer(body) ?? toolResult(NO_ANSWER.ended, true));
		return response;
	};
	// n8n would send a file piece by piece by `write`. A file is no answer, so nothing is written.
	Object.assign(response, { end: endOfN8n, write: () => true });
	deadline.addEventListener('abort', () => answer(toolResult(NO_ANSWER.timeout, true)));
	// The response is also closed when the agent has gone away.
	response.once('close', () => (isOver = true));
}
