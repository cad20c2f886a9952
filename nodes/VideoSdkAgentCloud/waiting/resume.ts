import { type IDataObject, type IWebhookFunctions, type IWebhookResponseData, sleep } from 'n8n-workflow';
import { SIGNATURE_HEADER, verifyDelivery } from '../webhook/delivery';
import { reject, respond } from '../webhook/respond';
import { readSettings } from '../webhook/verificationSettings';
import { CONVERSATIONS, type EventNews } from './conversation';
import { type CredentialSource, findSource } from './credentialSource';
import { Ends, finishedItem, type Outcome, shownItem } from './ends';
import { fetchMany, type Found } from './fetchMany';
import { type CarriedOutcomes } from './notify';
import { addParts } from './parts';
import { findPoller, startPolling } from './pollers';
import { KEY_HEADER, RESULT_HEADER } from './resumeUrl';
import { Resumptions } from './resumptions';
import { hasKey, readWaiting, type StoredWait, type Waiting } from './storedWait';

/** By then n8n has marked the execution as running, or will never do so. */
const FORGET_AFTER_MS = 60_000;
/** Our own request waits for its answer (TIMEOUT_MS in notify.ts), and so may n8n's deadline. */
const FETCH_RECORDS_MS = 10_000;
const FETCH_PARTS_MS = 15_000;

/** The waits that were resumed in the last minute. */
const resumed = new Resumptions();

/**
 * Asks to resume the execution. n8n 1.x resumes an execution once for each request that comes before it is marked as running, so the
 * nodes after it would run several times. n8n 2.x resumes it once, and answers the others with 500.
 *
 * @returns false if another request, an event's or ours, resumes it
 */
async function mayResume(context: IWebhookFunctions, wait: StoredWait): Promise<boolean> {
	const finish = await resumed.begin(wait.keyHash);
	if (finish === undefined) return false;
	const response = context.getResponseObject();
	response.setHeader(RESULT_HEADER, 'resumed');
	const finishByAnswer = () => {
		// Unless n8n rejected it. An execution is also resumed for a sender that has gone away.
		const wasAccepted = !response.writableFinished || response.statusCode === 200;
		finish(wasAccepted);
		if (!wasAccepted) return;
		findPoller(wait)?.stop();
		// If the execution still waits then, it was not resumed. Not before, because collecting the outcomes may take long.
		void sleep(FORGET_AFTER_MS).then(() => resumed.forget(wait.keyHash));
	};
	if (response.closed) finishByAnswer();
	else response.once('close', finishByAnswer);
	return true;
}

/** @returns the answer that makes n8n resume the execution: the stored items, each with its outcome */
function resumeWith(
	context: IWebhookFunctions,
	{ wait, items }: Waiting,
	outcomes: Map<string, Outcome>,
): IWebhookResponseData {
	const conversation = CONVERSATIONS[wait.kind];
	const hasErrorOutput = context.getNode().onError === 'continueErrorOutput';
	const output = items.map((item, index) => {
		const id = String(item[conversation.idField]);
		const outcome = item.timedOut === true ? outcomes.get(id) : undefined;
		const json = outcome ? finishedItem(conversation, item, outcome, hasErrorOutput) : item;
		return { json: shownItem(wait, id, json), pairedItem: { item: index } };
	});
	return { workflowData: [output] };
}

/** @returns the outcomes that a request from another process carries, with their records as far as the API gives them in time */
async function fetchOutcomes(
	context: IWebhookFunctions,
	{ wait, ids }: Waiting,
): Promise<Map<string, Outcome>> {
	const found = new Map<string, Found>();
	const ends = new Ends(CONVERSATIONS[wait.kind], ids);
	const source = await findSource(context);
	const fetching = fetchMany(source.sender(), CONVERSATIONS[wait.kind], ids, { found });
	await Promise.race([fetching, sleep(FETCH_RECORDS_MS)]);
	// As `keyRequest` makes it.
	const { outcomes = [], hasParts } = context.getBodyData() as unknown as Partial<CarriedOutcomes>;
	const { endOf } = CONVERSATIONS[wait.kind];
	const latest = (carried: IDataObject | undefined, one: Found | undefined) => {
		if (one === undefined || 'error' in one) return carried;
		// A list may lag behind what another process has found.
		const isStale = carried && endOf(carried) && !endOf(one.record);
		return isStale ? carried : { ...carried, ...one.record };
	};
	for (const { extra, record, ids: idsOfGroup } of outcomes) {
		for (const id of idsOfGroup) ends.settle(id, { record: latest(record, found.get(id)), extra });
	}
	if (!hasParts) {
		// Another process has waited for them. One request each is enough.
		const adding = addParts(wait, new Map([[source, ids]]), ends, 0, () => false);
		await Promise.race([adding, sleep(FETCH_PARTS_MS)]);
	}
	return new Map(ends.outcomes);
}

/** Answers our own request, which comes when all have ended or the time is up. */
async function answerOurs(context: IWebhookFunctions, waiting: Waiting): Promise<IWebhookResponseData> {
	const { wait } = waiting;
	if (!hasKey(wait, context.getHeaderData()[KEY_HEADER])) {
		return reject(context, {
			status: 401,
			sentence: 'The key is wrong',
			reason: "The request to resume the execution isn't from this package.",
		});
	}
	if (!(await mayResume(context, wait)))
		return respond(context, 200, 'The execution has already been resumed');
	const poller = findPoller(wait);
	const outcomes = poller?.isOwner ? poller.ends.outcomes : await fetchOutcomes(context, waiting);
	return resumeWith(context, waiting, outcomes);
}

/**
 * Answers a verified end of a conversation that is waited for. In another process than the one that put the execution to wait, or
 * after a restart, polling begins with it. There, when all have ended, the event is sent again, since its signature proves it to
 * whatever process receives it.
 */
async function answerEnd(
	context: IWebhookFunctions,
	waiting: Waiting,
	{ id, endEvent, isHint }: EventNews,
): Promise<IWebhookResponseData> {
	const { wait, ids } = waiting;
	// n8n 1.x still hands over requests until it has marked the execution as running. Nothing is to be polled any more.
	if (resumed.has(wait.keyHash)) return respond(context, 200, 'The event has already been received');
	const source = findPoller(wait) ? undefined : await findSource(context);
	const signature = context.getHeaderData()[SIGNATURE_HEADER];
	const delivery = {
		headers: { 'Content-Type': 'application/json', [SIGNATURE_HEADER]: signature },
		body: context.getRequestObject().rawBody,
	};
	const poller =
		findPoller(wait) ??
		startPolling(wait, new Map([[source as CredentialSource, ids]]), () => delivery, false);
	if (isHint) poller.hints.note(id);
	if (endEvent !== undefined) poller.noteEvent(id, endEvent);
	if (!poller.isReady) {
		return respond(
			context,
			200,
			"The event is accepted, and the execution waits for anything that isn't ready yet",
		);
	}
	if (!(await mayResume(context, wait))) return respond(context, 200, 'The event has already been received');
	return resumeWith(context, waiting, await poller.collect());
}

async function answer(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const waiting = readWaiting(context);
	if (waiting && context.getHeaderData()[KEY_HEADER] !== undefined) return await answerOurs(context, waiting);
	const delivery = await verifyDelivery(context, true, await readSettings(context));
	if ('rejection' in delivery) return reject(context, delivery.rejection);
	const news = waiting && CONVERSATIONS[waiting.wait.kind].newsOf(delivery.event, waiting.awaited);
	if (waiting === undefined || news === undefined) {
		return reject(context, {
			status: 401,
			sentence: "The event is from a session that isn't being waited for",
			reason: "The event is from a session that this execution isn't waiting for.",
		});
	}
	if (news.endEvent === undefined && !news.isHint) {
		return respond(context, 200, 'The event is accepted, and the workflow waits for the end of the session');
	}
	return await answerEnd(context, waiting, news);
}

/**
 * Answers what is sent to the resume URL of a waiting execution. Only the last awaited conversation's end, signed by VideoSDK, resumes
 * it, and a request of this package itself. Never throws, since n8n would resume the execution with an empty item.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	context.getResponseObject().setHeader(RESULT_HEADER, 'answered');
	return await answer(context).catch((error: Error) =>
		reject(context, {
			status: 503,
			sentence: "The request can't be handled right now. Try again later.",
			reason: `The request to resume the execution can't be handled. ${error.message}`,
		}),
	);
}
