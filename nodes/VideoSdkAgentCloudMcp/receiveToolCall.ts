import { type IDataObject, type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { readKey } from '../../credentials/apiTarget';
import { pick } from '../VideoSdkAgentCloud/api/http/responseReaders';
import { CREDENTIAL_TYPE, CredentialsCache } from '../VideoSdkAgentCloud/api/http/credential';
import {
	tokenEnvelope,
	type TokenRejection,
	verifyAccess,
} from '../VideoSdkAgentCloud/agentTools/accessToken';
import { readDefinition } from '../VideoSdkAgentCloud/fields/triggers/toolTrigger';
import { originOf } from '../VideoSdkAgentCloud/security/publicAddress';
import { type SigningKey } from '../VideoSdkAgentCloud/security/signedEnvelope';
import { warnSparingly } from '../VideoSdkAgentCloud/webhook/log';
import { errorResponse, INTERNAL_ERROR, NOT_ALLOWED } from '../VideoSdkAgentCloud/agentTools/server';
import {
	bearerOf,
	rejectBearer,
	respondToAgent,
	serve,
} from '../VideoSdkAgentCloud/agentTools/respondToAgent';
import { holdResponse } from '../VideoSdkAgentCloud/agentTools/holdResponse';

/**
 * The age from which the credential is read again for a token with another signature, because the user may just have changed the secret.
 */
const RECHECK_AGE_MS = 5_000;
/** The beginning of the headers in which this package's agent tells about the call (agent/n8n_tools.py). */
const CALL_HEADER = 'x-call-';

/** The reasons for n8n's log why a token is rejected. */
const REASONS: Record<TokenRejection, string> = {
	form: 'The Authorization header contains no token from this package.',
	signature:
		"The token wasn't signed with the 'Secret Key' of this credential. It was forged, the key has changed since, or the agent got the tools with a different credential.",
	expired:
		"The token has expired. Increase 'Tools Valid For' in the node that gives the tools to the agent, or run Agent Tool: Create Access again.",
	tool: 'The token is for a different tool.',
};

/** Reads the key that verifies tokens. @throws UserError if the credential has no secret; what n8n throws if there is no credential */
export async function readToolKey(context: Pick<IWebhookFunctions, 'getCredentials'>): Promise<SigningKey> {
	const { secretKey } = await context.getCredentials(CREDENTIAL_TYPE);
	// A blank secret is refused, because anyone could sign with it.
	return tokenEnvelope.keyOf(readKey(secretKey, 'Secret Key'));
}

const keys = new CredentialsCache(readToolKey);

function rejectToken(context: IWebhookFunctions, reason: TokenRejection): IWebhookResponseData {
	const isForeign = reason === 'tool';
	const status = isForeign ? 403 : 401;
	warnSparingly(context, 'tool token', `rejected a request with ${status}. ${REASONS[reason]}`, { status });
	if (!isForeign) return rejectBearer(context);
	return respondToAgent(
		context,
		status,
		errorResponse(null, NOT_ALLOWED, 'This token is for a different tool'),
	);
}

/** @returns the context that the request's token pins, or why it is rejected */
async function verify(context: IWebhookFunctions, url: string): Promise<ReturnType<typeof verifyAccess>> {
	const token = bearerOf(context);
	const verified = verifyAccess(token, url, await keys.get(context));
	if (!('rejected' in verified) || verified.rejected !== 'signature') return verified;
	return verifyAccess(token, url, await keys.get(context, RECHECK_AGE_MS));
}

/** @returns the headers in which an agent tells about the call */
function callHeaders(context: IWebhookFunctions): IDataObject {
	const headers = context.getHeaderData() as IDataObject;
	const names = Object.keys(headers).filter((name) => name.toLowerCase().startsWith(CALL_HEADER));
	return pick(headers, names);
}

async function answer(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const { origin } = context.getHeaderData();
	const url = String(context.getNodeWebhookUrl('default'));
	// MCP requires this check against web pages that reach n8n by DNS rebinding ("Streamable HTTP"). Agents aren't web pages.
	if (origin !== undefined && origin !== originOf(url)) {
		return respondToAgent(context, 403, errorResponse(null, NOT_ALLOWED, 'Web pages may not use this tool'));
	}
	const verified = await verify(context, url);
	if ('rejected' in verified) return rejectToken(context, verified.rejected);
	const tool = readDefinition(context);
	const served = serve(context, tool);
	if (!('call' in served)) return served;
	const { id, input } = served.call;
	holdResponse(context.getResponseObject(), id, tool.timeoutMs);
	const item: IDataObject = {
		tool: tool.name,
		input,
		context: verified.context,
		headers: callHeaders(context),
		requestId: id,
		receivedAt: new Date().toISOString(),
	};
	return { workflowData: [[{ json: item }]] };
}

/** Responds to a POST of an MCP client, and starts the workflow for a tool call whose token and arguments are valid. Never throws. */
export async function receiveToolCall(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	return await answer(context).catch((error: Error) => {
		// The tool can't be used because of its set-up, for example an expression or a changed credential.
		warnSparingly(context, 'tool set-up', `can't answer agents. ${error.message}`);
		return respondToAgent(
			context,
			503,
			errorResponse(null, INTERNAL_ERROR, 'The tool is not available right now'),
		);
	});
}
