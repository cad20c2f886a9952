import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import { getSession } from '../actions/session/get.operation';
import { bareSessionId, shortEventName } from '../events/event';
import { judgeDelivery } from '../events/judge';
import { RecentEvents } from '../events/recentEvents';
import { respond } from '../events/respond';
import { hasStatus, TERMINAL_STATUSES } from '../fields/status';
import { CREDENTIAL_TYPE, sendFrom } from '../transport/request';
import type { LookRequest } from './lookAgain';
import { isGenuineLook, LOOK_SIGNATURE_HEADER, STILL_WAITING } from './lookAgain';

/** VideoSDK waits for the answer meanwhile. */
const FETCH_TIMEOUT_MS = 10_000;
const TERMINAL_EVENTS = ['stopped', 'failed'];

/** By then n8n has marked the run as running, or will never do so. */
const FORGET_AFTER_MS = 60_000;

/** The sessions whose runs were resumed in the last minute. */
const resumed = new RecentEvents();

async function fetchSession(context: IWebhookFunctions, sessionId: string): Promise<IDataObject | undefined> {
	return await getSession(
		sendFrom(context, { timeoutMs: FETCH_TIMEOUT_MS, maxAttempts: 1 }),
		sessionId,
	).catch(() => undefined);
}

/**
 * Asks to resume the run of a session. n8n 1.x goes on with a run once for each request that came before the run was marked as
 * running, so that what follows would run several times; n8n 2.x goes on once, and answers the others with 500.
 *
 * @returns false if another request, of the same event or to look again, resumes it
 */
async function claimResumption(context: IWebhookFunctions, sessionId: string): Promise<boolean> {
	const settle = await resumed.claim(sessionId);
	if (settle === undefined) return false;
	const response = context.getResponseObject();
	// Unless n8n refused it: a run is also resumed for a sender that went away meanwhile.
	const settleByAnswer = () => settle(!response.writableFinished || response.statusCode === 200);
	if (response.closed) settleByAnswer();
	else response.once('close', settleByAnswer);
	// If the run waits even then, it was not resumed.
	void sleep(FORGET_AFTER_MS).then(() => resumed.forget(sessionId));
	return true;
}

/** @returns the answer that lets n8n go on with the run */
function resumeWith(json: IDataObject): IWebhookResponseData {
	return { workflowData: [[{ json, pairedItem: { item: 0 } }]] };
}

/** The run's session, which Start and Wait left in the waiting item. */
function waitingSession(context: IWebhookFunctions): IDataObject {
	const session = { ...(context.evaluateExpression('{{ $json }}') as IDataObject | undefined) };
	delete session.timedOut;
	return session;
}

/** @returns the request to look again, as far as it can be read */
function readLookRequest(context: IWebhookFunctions): LookRequest {
	const { sessionId, isTimeUp } = (context.getBodyData() ?? {}) as Partial<LookRequest>;
	return { sessionId: String(sessionId), isTimeUp: isTimeUp === true };
}

/**
 * Handles our own request to look at the API: resumes the run if the session has ended without its event coming through, or if
 * the time is up.
 */
async function lookAgain(
	context: IWebhookFunctions,
	waiting: IDataObject,
	signature: unknown,
): Promise<IWebhookResponseData> {
	const { secretKey } = await context.getCredentials(CREDENTIAL_TYPE);
	const request = readLookRequest(context);
	const isGenuine =
		isGenuineLook(request, signature, String(secretKey).trim()) && request.sessionId === waiting.sessionId;
	if (!isGenuine) return respond(context, 401, 'The signature is wrong');
	const session = await fetchSession(context, request.sessionId);
	const hasEnded = session !== undefined && hasStatus(session, TERMINAL_STATUSES);
	if ((hasEnded || request.isTimeUp) && (await claimResumption(context, bareSessionId(request.sessionId)))) {
		return resumeWith(
			hasEnded
				? { ...session, event: hasStatus(session, ['failed']) ? 'failed' : 'stopped' }
				: { ...(session ?? waiting), timedOut: true },
		);
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
	const sessionId = bareSessionId(waiting.sessionId);
	const lookSignature = context.getHeaderData()[LOOK_SIGNATURE_HEADER];
	if (lookSignature !== undefined) {
		return await lookAgain(context, waiting, lookSignature).catch(() =>
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
	if (!(await claimResumption(context, sessionId))) return respond(context, 200, 'The event came before');
	// Without the API's answer: the session as it was started, and what the event says of its state.
	const session = (await fetchSession(context, String(waiting.sessionId))) ?? { ...waiting, status: name };
	return resumeWith({ ...session, event: name });
}
