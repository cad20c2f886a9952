import { type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { warnSparingly } from './log';

/** Why a delivery is rejected: what the sender gets, and what the log says. */
export interface Rejection {
	status: 400 | 401 | 503;
	/** For whoever reads the sender's log. */
	sentence: string;
	/** For whoever reads n8n's log: the reason, and what to do. No part of the delivery. */
	reason: string;
}

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

/** Answers a rejected delivery, and leaves a trace of it in n8n's log. */
export function reject(
	context: IWebhookFunctions,
	{ status, sentence, reason }: Rejection,
): IWebhookResponseData {
	warnSparingly(context, 'rejection', `rejected a request with status ${status}. ${reason}`, { status });
	return respond(context, status, sentence);
}
