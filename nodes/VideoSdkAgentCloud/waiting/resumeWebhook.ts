import type { IWebhookDescription } from 'n8n-workflow';

/**
 * The end of the resume URL. n8n hands what comes to that URL to whatever node of the execution waits at the time, if it has a
 * webhook of this path: without one of our own, a late event would resume a Wait node further on, as if somebody had approved.
 */
const RESUME_PATH = 'videosdk';

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
 * Gives the URL at which Start and Wait is resumed.
 *
 * @param resumeUrl n8n's `$execution.resumeUrl`. The path is appended as text, also after the token with which it ends on
 * n8n 2.x: so does the Wait node's "Webhook Suffix", and n8n takes the two apart.
 */
export function resumeAddress(resumeUrl: string): string {
	return `${resumeUrl}/${RESUME_PATH}`;
}
