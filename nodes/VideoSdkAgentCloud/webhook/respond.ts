import { type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { warnSparingly } from './log';

/** The response to a rejected delivery, and the reason for the log. */
export interface Rejection {
	status: 400 | 401 | 503;
	/** The sentence of the response, for whoever reads the sender's log. */
	sentence: string;
	/** The reason, and what to do, for whoever reads n8n's log. It quotes nothing of the delivery. */
	reason: string;
}

/**
 * Responds to a delivery without an execution. `noWebhookResponse` tells n8n so, because it otherwise stores an execution, or responds
 * with 200.
 *
 * @param sentence for whoever reads the sender's log
 */
export function respond(context: IWebhookFunctions, status: number, sentence: string): IWebhookResponseData {
	context.getResponseObject().status(status).json({ message: sentence });
	return { noWebhookResponse: true };
}

/** Responds to a rejected delivery, and logs it. */
export function reject(
	context: IWebhookFunctions,
	{ status, sentence, reason }: Rejection,
): IWebhookResponseData {
	warnSparingly(context, 'rejection', `rejected a request with status ${status}. ${reason}`, { status });
	return respond(context, status, sentence);
}
