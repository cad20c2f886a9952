import type { IWebhookDescription } from 'n8n-workflow';

/** The resume URL of a waiting run. It is n8n's own, so nothing is registered anywhere. */
export const RESUME_WEBHOOKS: IWebhookDescription[] = [
	{
		name: 'default',
		httpMethod: 'POST',
		responseMode: 'onReceived',
		responseData: 'noData',
		path: '',
		restartWebhook: true,
	},
];
