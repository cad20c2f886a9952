import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { getSession } from '../actions/session/get.operation';
import { shortEventName } from '../events/event';
import { judgeDelivery } from '../events/judge';
import { respond } from '../events/respond';
import { hasStatus, TERMINAL_STATUSES } from '../fields/status';
import { apiRequest, CREDENTIAL_TYPE } from '../transport/request';
import { isGenuineLook, LOOK_SIGNATURE_HEADER, STILL_WAITING } from './lookAgain';

/** VideoSDK waits for the answer meanwhile. */
const FETCH_TIMEOUT_MS = 10_000;
const TERMINAL_EVENTS = ['stopped', 'failed'];

async function fetchSession(context: IWebhookFunctions, sessionId: string): Promise<IDataObject | undefined> {
	return await getSession(
		async (request, read) =>
			await apiRequest(context, { ...request, timeoutMs: FETCH_TIMEOUT_MS, maxAttempts: 1 }, read),
		sessionId,
	).catch(() => undefined);
}

/** @returns the answer that lets n8n go on with the run */
function resumeWith(session: IDataObject, event: string): IWebhookResponseData {
	return { workflowData: [[{ json: { ...session, event }, pairedItem: { item: 0 } }]] };
}

/** The run's session, which Start and Wait left in the waiting item. */
function waitingSession(context: IWebhookFunctions): IDataObject {
	const session = { ...(context.evaluateExpression('{{ $json }}') as IDataObject | undefined) };
	delete session.timedOut;
	return session;
}

/** Our own request to look at the API: resumes the run if the session has ended without its event coming through. */
async function lookAgain(
	context: IWebhookFunctions,
	sessionId: string,
	signature: unknown,
): Promise<IWebhookResponseData> {
	const { secretKey } = await context.getCredentials(CREDENTIAL_TYPE);
	if (!isGenuineLook(signature, sessionId, String(secretKey).trim())) {
		return respond(context, 401, 'The signature is wrong');
	}
	const session = await fetchSession(context, sessionId);
	if (session !== undefined && hasStatus(session, TERMINAL_STATUSES)) {
		return resumeWith(session, hasStatus(session, ['failed']) ? 'failed' : 'stopped');
	}
	context.getResponseObject().status(200).json(STILL_WAITING);
	return { noWebhookResponse: true };
}

/**
 * Handles what is sent to the resume URL of a run that waits for the end of its session. Only the end of this very session,
 * signed by VideoSDK, resumes it. Never throws.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const waiting = waitingSession(context);
	const sessionId = String(waiting.sessionId ?? '');
	const lookSignature = context.getHeaderData()[LOOK_SIGNATURE_HEADER];
	if (lookSignature !== undefined) {
		return await lookAgain(context, sessionId, lookSignature).catch(() =>
			respond(context, 503, 'The session cannot be looked at now'),
		);
	}
	const judgement = await judgeDelivery(context, true);
	if ('refusal' in judgement) return respond(context, judgement.refusal.status, judgement.refusal.sentence);
	const { event } = judgement;
	if (sessionId === '' || event.sessionId !== sessionId) {
		return respond(context, 401, 'The event is of another session than the one that is waited for');
	}
	const name = shortEventName(event.webhookType);
	if (name === undefined || !TERMINAL_EVENTS.includes(name)) {
		return respond(context, 200, 'The event is genuine, and the workflow waits for the end of the session');
	}
	// Without the API's answer: the session as it was started, and what the event says of its state.
	const session = (await fetchSession(context, sessionId)) ?? { ...waiting, status: name };
	return resumeWith(session, name);
}
