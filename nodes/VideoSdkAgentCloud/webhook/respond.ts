import { type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';

/**
 * Answers a delivery without an execution. n8n is told that the answer is given: for anything else that a webhook function returns
 * it stores an execution or answers 200 on its own.
 *
 * @param sentence for whoever reads the sender's log
 */
export function respond(context: IWebhookFunctions, status: number, sentence: string): IWebhookResponseData {
	context.getResponseObject().status(status).json({ message: sentence });
	return { noWebhookResponse: true };
}
