import type { IExecuteFunctions, IWebhookDescription } from 'n8n-workflow';

/**
 * The end of the resume URL. n8n hands a request to whatever node of the execution waits at the time, if that node has a webhook
 * with this path. Without a path of our own, a late event would resume a Wait node further on, like an approval.
 */
const RESUME_PATH = 'videosdk';

/** The header of our own request, with the key that proves it. */
export const KEY_HEADER = 'x-agent-cloud-key';
/** The header of our answers that tells them from those of n8n, a proxy or a login: `continued`, or `answered` without continuing. */
export const RESULT_HEADER = 'x-agent-cloud-result';

/** The resume URL of a waiting execution. It is n8n's own, so nothing is registered anywhere. */
export const RESUME_WEBHOOKS: IWebhookDescription[] = [
	{
		name: 'default',
		httpMethod: 'POST',
		responseMode: 'onReceived',
		responseData: 'noData',
		path: RESUME_PATH,
		restartWebhook: true,
	},
];

/**
 * @returns the URL that resumes the execution. The path is appended as text, even after the token at the end of n8n 2.x's URL, as the
 * Wait node's "Webhook Suffix" is. n8n separates the two.
 */
export function resumeUrlOf(context: IExecuteFunctions): string {
	const url = String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
	return `${url}/${RESUME_PATH}`;
}
