import type { IExecuteFunctions, IWebhookDescription } from 'n8n-workflow';
import type { ReadCredential } from '../../api/http/credential';
import type { SessionWebhook } from '../../api/sessions';
import { isUnreachableFrom } from '../../security/publicAddress';
import { baseResumeUrlOf } from '../../n8n/waitingState';

/**
 * The end of the resume URL. n8n hands a request to whatever node of the execution waits at the time, if that node has a webhook
 * with this path. Without a path of our own, a late event would resume a Wait node further on, like an approval.
 */
const RESUME_PATH = 'videosdk';

/** The header of our own request, with the key that proves it. */
export const KEY_HEADER = 'x-agent-cloud-key';
/** The header of our answers that tells them from those of n8n, a proxy or a login: `continued`, or `answered` without continuing. */
export const RESULT_HEADER = 'x-agent-cloud-result';

/** By this name a request to the URL for a response is told from one to the resume URL. n8n knows no names but two. */
export const RESPONSE_WEBHOOK = 'setup';
/** VideoSDK's MCP client speaks streamable HTTP only if the last segment of the path is this. */
const RESPONSE_PATH = 'mcp';

const ON_RESUME = { responseMode: 'onReceived', restartWebhook: true } as const;
/** With 'noData' n8n would drop the answer to the agent. */
const ON_RESPONSE = { ...ON_RESUME, name: RESPONSE_WEBHOOK, responseData: '', path: RESPONSE_PATH } as const;

/** The URLs of a waiting execution. They are n8n's own, so nothing is registered anywhere. */
export const RESUME_WEBHOOKS: IWebhookDescription[] = [
	{ ...ON_RESUME, name: 'default', httpMethod: 'POST', responseData: 'noData', path: RESUME_PATH },
	{ ...ON_RESPONSE, httpMethod: 'POST' },
	{ ...ON_RESPONSE, httpMethod: 'GET' },
	{ ...ON_RESPONSE, httpMethod: 'DELETE' },
];

/** @returns the URL of a path of the waiting execution, before n8n 2.x's token in the query */
function urlWith(context: IExecuteFunctions, path: string): URL | string {
	const base = baseResumeUrlOf(context);
	// Without its https:// it is of no use, which is found out before the call.
	if (!URL.canParse(base)) return `${base}/${path}`;
	const url = new URL(base);
	url.pathname += `/${path}`;
	return url;
}

/** @returns the URL that resumes the execution */
export const resumeUrlOf = (context: IExecuteFunctions): string => String(urlWith(context, RESUME_PATH));

/**
 * @returns the URL at which the waiting execution takes a response. Older clients of VideoSDK look for `mcp` at the end of the whole
 * URL, after n8n 2.x's token
 */
export function responseUrlOf(context: IExecuteFunctions): string {
	const url = urlWith(context, RESPONSE_PATH);
	if (typeof url !== 'string') url.searchParams.append('end', RESPONSE_PATH);
	return String(url);
}

/** Gives a webhook by the credential of the account that sends its events; undefined: none is sent. */
export type WebhookOf = (credential: ReadCredential) => Promise<SessionWebhook | undefined>;

/**
 * @returns gives the webhook by which VideoSDK tells the waiting execution of an end; undefined if VideoSDK can't reach n8n: it may
 * refuse such an address
 */
export function resumeWebhook(context: IExecuteFunctions, events: string[]): WebhookOf {
	const endPoint = resumeUrlOf(context);
	return async (credential) => {
		const { baseUrl } = (await credential()).data ?? {};
		return isUnreachableFrom(endPoint, baseUrl) ? undefined : { endPoint, events };
	};
}
