import { type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import {
	errorResponse,
	INVALID_REQUEST,
	type IsUnlisted,
	NOT_ALLOWED,
	reactTo,
	type Tool,
	UNAUTHORIZED,
} from './server';

/** The arguments of a voice agent are never this long. */
const MAX_BODY_BYTES = 100_000;

/** Responds without starting an execution. */
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

/** @returns the bearer token of a request, as it was received */
export function bearerOf(context: IWebhookFunctions): string {
	return String(context.getHeaderData().authorization ?? '').replace(/^Bearer +/i, '');
}

/** Responds with 401 to a request without a valid token. */
export function rejectBearer(context: IWebhookFunctions): IWebhookResponseData {
	// The error (RFC 6750) keeps a client that knows OAuth from searching for a login at n8n.
	context.getResponseObject().setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
	return respondToAgent(
		context,
		401,
		errorResponse(null, UNAUTHORIZED, 'The token is missing, wrong, or expired'),
	);
}

/** Responds with 405 to a request that isn't a POST, by which an MCP client sees that there is no stream and no session. */
export function rejectMethod(context: IWebhookFunctions): IWebhookResponseData {
	context.getResponseObject().setHeader('Allow', 'POST');
	const message = 'Method not allowed. This MCP server is stateless and only accepts POST';
	return respondToAgent(context, 405, errorResponse(null, NOT_ALLOWED, message));
}

/**
 * Responds to a POST, unless it calls the tool with arguments that fit.
 *
 * @param isUnlisted see `reactTo`
 * @returns that call, to which the caller has to respond
 */
export function serve(context: IWebhookFunctions, tool: Tool, isUnlisted?: IsUnlisted) {
	const { rawBody } = context.getRequestObject();
	if (Buffer.isBuffer(rawBody) && rawBody.length > MAX_BODY_BYTES) {
		return respondToAgent(context, 413, errorResponse(null, INVALID_REQUEST, 'The request is too large'));
	}
	const version = context.getHeaderData()['mcp-protocol-version'];
	const reaction = reactTo(context.getBodyData(), version, tool, isUnlisted);
	return 'call' in reaction ? reaction : respondToAgent(context, reaction.status, reaction.body);
}
