import { type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { errorResponse, INVALID_REQUEST, NOT_ALLOWED, reactTo, type Tool, UNAUTHORIZED } from './server';

/** No arguments of a voice agent are longer. */
const MAX_BODY_BYTES = 100_000;

/** Sends an answer without an execution. */
export function respondToAgent(
	context: IWebhookFunctions,
	status: number,
	body?: unknown,
): IWebhookResponseData {
	const response = context.getResponseObject();
	response.status(status);
	if (body === undefined) response.end();
	else response.json(body);
	return { noWebhookResponse: true };
}

/** @returns the token that a request carries, as it came */
export function bearerOf(context: IWebhookFunctions): string {
	return String(context.getHeaderData().authorization ?? '').replace(/^Bearer +/i, '');
}

/** Answers a request whose token opens nothing. */
export function rejectBearer(context: IWebhookFunctions): IWebhookResponseData {
	// With the error (RFC 6750) a client that knows OAuth doesn't look for a login of n8n's.
	context.getResponseObject().setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
	return respondToAgent(
		context,
		401,
		errorResponse(null, UNAUTHORIZED, 'The token is missing, wrong, or expired'),
	);
}

/** Answers a request that is no POST: an MCP client that tries one must be told that there is no stream and no session. */
export function rejectMethod(context: IWebhookFunctions): IWebhookResponseData {
	context.getResponseObject().setHeader('Allow', 'POST');
	const message = 'Method not allowed. This MCP server is stateless and only accepts POST';
	return respondToAgent(context, 405, errorResponse(null, NOT_ALLOWED, message));
}

/** Answers a POST, unless it calls the tool with arguments that fit. @returns the call, which is yet to be answered */
export function serve(context: IWebhookFunctions, tool: Tool) {
	const { rawBody } = context.getRequestObject();
	if (Buffer.isBuffer(rawBody) && rawBody.length > MAX_BODY_BYTES) {
		return respondToAgent(context, 413, errorResponse(null, INVALID_REQUEST, 'The request is too large'));
	}
	const version = context.getHeaderData()['mcp-protocol-version'];
	const reaction = reactTo(context.getBodyData(), version, tool);
	return 'call' in reaction ? reaction : respondToAgent(context, reaction.status, reaction.body);
}
