import type { IExecuteFunctions, IWebhookDescription } from 'n8n-workflow';
import type { ReadCredential } from '../../api/http/credential';
import type { SessionWebhook } from '../../api/sessions';
import { isUnreachableFrom } from '../../security/publicAddress';
import { baseResumeUrlOf } from '../../n8n/waitingState';

/**
 * The end of the resume URL's path. n8n passes a request to the node at which the execution waits at the time, if that node has a webhook
 * with this path (WaitingWebhooks). Without a path of its own, a late event would resume a Wait node further on, and count as an approval
 * there.
 */
const RESUME_PATH = 'videosdk';

/** The header with the key that proves this package's own request. */
export const KEY_HEADER = 'x-agent-cloud-key';
/** The header that tells responses of this package from those of n8n, a proxy or a login: `continued`, or `answered` without continuing. */
export const RESULT_HEADER = 'x-agent-cloud-result';

/** The webhook name of the URL for a response, as opposed to `default` of the resume URL. n8n allows only these two names (WebhookType). */
export const RESPONSE_WEBHOOK = 'setup';
/** The last segment of the path, with which VideoSDK's MCP client speaks streamable HTTP (videosdk-agents, mcp_server.py). */
const RESPONSE_PATH = 'mcp';

const ON_RESUME = { responseMode: 'onReceived', restartWebhook: true } as const;
/** The webhooks for a response. With 'noData', n8n would drop the response to the agent (extractWebhookOnReceivedResponse). */
const ON_RESPONSE = { ...ON_RESUME, name: RESPONSE_WEBHOOK, responseData: '', path: RESPONSE_PATH } as const;

/** The webhooks of a waiting execution. Their URLs are n8n's own, so nothing is registered anywhere. */
export const RESUME_WEBHOOKS: IWebhookDescription[] = [
	{ ...ON_RESUME, name: 'default', httpMethod: 'POST', responseData: 'noData', path: RESUME_PATH },
	{ ...ON_RESPONSE, httpMethod: 'POST' },
	{ ...ON_RESPONSE, httpMethod: 'GET' },
	{ ...ON_RESPONSE, httpMethod: 'DELETE' },
];

/** @returns the URL of a path of the waiting execution. n8n's token is in the query, after the path */
function urlWith(context: IExecuteFunctions, path: string): URL | string {
	const base = baseResumeUrlOf(context);
	// If n8n's N8N_WEBHOOK_URL lacks its https://, the URL is useless, which is reported before the call.
	if (!URL.canParse(base)) return `${base}/${path}`;
	const url = new URL(base);
	url.pathname += `/${path}`;
	return url;
}

export const resumeUrlOf = (context: IExecuteFunctions): string => String(urlWith(context, RESUME_PATH));

/**
 * Makes the URL at which the waiting execution receives a response. Older MCP clients of VideoSDK require `mcp` at the end of the whole
 * URL, after n8n's token (videosdk-live/agents at 0c2d88f, mcp_server.py). until: no agent uses such a client any more.
 */
export function responseUrlOf(context: IExecuteFunctions): string {
	const url = urlWith(context, RESPONSE_PATH);
	if (typeof url !== 'string') url.searchParams.append('end', RESPONSE_PATH);
	return String(url);
}

/**
 * Makes the webhook by which VideoSDK reports an end to the waiting execution.
 *
 * @param events exact names, such as `session-ended`
 * @param credential that of the account that sends the events
 * @returns undefined if VideoSDK can't reach n8n, because it may refuse such a URL
 */
export async function resumeWebhook(
	context: IExecuteFunctions,
	events: string[],
	credential: ReadCredential,
): Promise<SessionWebhook | undefined> {
	const endPoint = resumeUrlOf(context);
	const { baseUrl } = (await credential()).data ?? {};
	return isUnreachableFrom(endPoint, baseUrl) ? undefined : { endPoint, events };
}
