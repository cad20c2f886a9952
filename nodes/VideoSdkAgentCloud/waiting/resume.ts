import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import { credentialOf } from '../api/credential';
import { bareSessionId } from '../api/sessionId';
import { reject, verifyDelivery } from '../webhook/delivery';
import { shortEventName } from '../webhook/event';
import { RecentDeliveries } from '../webhook/recentDeliveries';
import { respond } from '../webhook/respond';
import type { Outcome } from './outcome';
import { finishedItem } from './outcome';
import type { StoredWait } from './storedWait';
import { hasKey, hasProof, KEY_HEADER, PROOF_HEADER, readWait, waitingItems } from './storedWait';
import { idsOfWaiting, WAITABLES } from './waitable';
import { forgetWatch, watchOf } from './watches';

const TERMINAL_EVENTS = ['stopped', 'failed'];

/** By then n8n has marked the execution as running, or will never do so. */
const FORGET_AFTER_MS = 60_000;

/** The waits that were resumed in the last minute. */
const resumed = new RecentDeliveries();

/** An execution that waits: what it stored, and its items. */
interface Waiting {
	wait: StoredWait;
	items: IDataObject[];
	/** The IDs of what had not ended when the wait began. */
	ids: string[];
}

function readWaiting(context: IWebhookFunctions): Waiting | undefined {
	const wait = readWait(context);
	if (wait === undefined) return undefined;
	const items = waitingItems(context);
	return { wait, items, ids: idsOfWaiting(wait.kind, items) };
}

/**
 * Asks to resume the execution. n8n 1.x resumes an execution once for each request that came before it was marked as running, so
 * that what follows would run several times; n8n 2.x resumes it once, and answers the others with 500.
 *
 * @returns false if another request, of an event or of ours, resumes it
 */
async function mayResume(context: IWebhookFunctions, wait: StoredWait): Promise<boolean> {
	const finish = await resumed.begin(wait.keyHash);
	if (finish === undefined) return false;
	const response = context.getResponseObject();
	const finishByAnswer = () => {
		// Unless n8n rejected it: an execution is also resumed for a sender that went away meanwhile.
		const wasAccepted = !response.writableFinished || response.statusCode === 200;
		finish(wasAccepted);
		if (!wasAccepted) return;
		forgetWatch(wait);
		// If the execution waits even then, it was not resumed. Not before: the outcomes may take long to collect.
		void sleep(FORGET_AFTER_MS).then(() => resumed.forget(wait.keyHash));
	};
	if (response.closed) finishByAnswer();
	else response.once('close', finishByAnswer);
	return true;
}

/** @returns the answer that makes n8n resume the execution: the items that wait, each with its outcome */
function resumeWith({ wait, items }: Waiting, outcomes: Map<string, Outcome>): IWebhookResponseData {
	const { idField } = WAITABLES[wait.kind];
	const output = items.map((item, index) => {
		const outcome = item.timedOut === true ? outcomes.get(String(item[idField])) : undefined;
		return { json: outcome ? finishedItem(item, outcome) : item, pairedItem: { item: index } };
	});
	return { workflowData: [output] };
}

/** @returns whether a request is one of ours, see KEY_HEADER and PROOF_HEADER */
async function isOurs(context: IWebhookFunctions, wait: StoredWait): Promise<boolean> {
	const headers = context.getHeaderData();
	if (hasKey(wait, headers[KEY_HEADER])) return true;
	if (headers[PROOF_HEADER] === undefined) return false;
	return hasProof(wait, (await credentialOf(context)()).data?.secretKey, headers[PROOF_HEADER]);
}

/** Answers our own request, which comes when everything has ended or the time is up, and brings the outcomes. */
async function answerOurs(context: IWebhookFunctions, waiting: Waiting): Promise<IWebhookResponseData> {
	if (!(await isOurs(context, waiting.wait))) {
		return reject(context, {
			status: 401,
			sentence: 'The key is wrong',
			reason: 'The request to resume the execution is not from this package.',
		});
	}
	const { outcomes } = context.getBodyData() as { outcomes?: Array<[string, Outcome]> };
	if (!(await mayResume(context, waiting.wait)))
		return respond(context, 200, 'The execution was resumed before');
	return resumeWith(waiting, new Map(outcomes));
}

/** Answers a verified end of a session that is waited for. */
async function answerEnd(
	context: IWebhookFunctions,
	waiting: Waiting,
	id: string,
	event: string,
): Promise<IWebhookResponseData> {
	// n8n 1.x goes on handing over what comes until it has marked the execution as running. Nothing is to be watched any more.
	if (resumed.has(waiting.wait.keyHash)) return respond(context, 200, 'The event was received before');
	const watch = await watchOf(context, waiting.wait, waiting.ids);
	watch.noteEnd(id, event);
	if (watch.outstanding > 0) {
		return respond(context, 200, 'The event is accepted, and the execution waits for the other sessions');
	}
	if (!(await mayResume(context, waiting.wait)))
		return respond(context, 200, 'The event was received before');
	return resumeWith(waiting, await watch.collect());
}

/**
 * Answers what is sent to the resume URL of an execution that waits. Only the end of the last session that is waited for, signed by
 * VideoSDK, resumes it, and a request of this package itself. Never throws.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const waiting = readWaiting(context);
	const headers = context.getHeaderData();
	if (waiting && (headers[KEY_HEADER] ?? headers[PROOF_HEADER]) !== undefined) {
		return await answerOurs(context, waiting).catch(() =>
			respond(context, 503, 'The request cannot be verified now'),
		);
	}
	const delivery = await verifyDelivery(context, true);
	if ('rejection' in delivery) return reject(context, delivery.rejection);
	const { event } = delivery;
	const id = waiting?.ids.find((candidate) => bareSessionId(candidate) === event.sessionId);
	if (waiting === undefined || id === undefined) {
		return reject(context, {
			status: 401,
			sentence: 'The event is of another session than those that are waited for',
			reason: 'The event is of another session than those that this execution waits for.',
		});
	}
	const name = shortEventName(event.webhookType);
	if (name === undefined || !TERMINAL_EVENTS.includes(name)) {
		return respond(context, 200, 'The event is accepted, and the workflow waits for the end of the session');
	}
	return await answerEnd(context, waiting, id, name);
}
