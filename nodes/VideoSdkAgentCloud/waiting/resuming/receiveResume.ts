import { type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { bareSessionId } from '../../api/sessionId';
import { KINDS } from '../../conversation/kinds';
import { END_EVENTS } from '../../conversation/known';
import { verifyDelivery } from '../../webhook/delivery';
import { type ReceivedEvent } from '../../webhook/event';
import { reject, type Rejection, respond } from '../../webhook/respond';
import { readSettings } from '../../webhook/verificationSettings';
import { type CarriedKnown } from './askToContinue';
import { type PendingConversation } from '../polling/pendingConversation';
import { KEY_HEADER, RESULT_HEADER } from './resumeUrl';
import { hasKey, readWaiting, type Waiting } from '../storedWait';
import { type WaitState } from '../waitState';
import { type WaitingExecution } from '../waitingExecution';

/**
 * Finds the wait of a request's execution. A process that didn't know it, or was restarted, polls from then on, as the first process does.
 *
 * @returns the wait; undefined if it's over
 */
export async function takeUp(
	context: IWebhookFunctions,
	state: WaitState,
	{ stored, items }: Waiting,
): Promise<WaitingExecution | undefined> {
	const present = state.waits.get(stored.key);
	if (present) return present;
	const poller = await state.pollerFor(context);
	if (state.over.has(stored.key)) return undefined;
	const wait = state.register(stored);
	wait.mergeItems(items);
	wait.askBy(poller);
	return wait;
}

/**
 * How long an execution that n8n has read counts, if other processes may continue it. By then, it may wait again at another node, and n8n
 * would run it again from here, because n8n only checks that it waits (ActiveExecutions.add; test/e2e/nightly/otherWaits). A busy process
 * that has to read the credential first may take longer, and then doesn't continue the execution, which the sender of this package's own
 * request asks for again.
 * until: ActiveExecutions.add compares more than the status.
 */
const FRESH_MS = 500;

const NOT_FOR_US: Rejection = {
	status: 401,
	sentence: "The execution isn't waiting for this request",
	reason:
		"The request to resume the execution isn't from this package, or it's about a session that the execution isn't waiting for.",
};

/** @returns the IDs of the conversations that an event is about, among those for which the execution waits */
function idsOf({ event, sessionId, roomId }: ReceivedEvent, { stored, items }: Waiting): string[] {
	const ids = stored.awaited.flatMap((group) => group.ids);
	if (stored.kind === 'session') return ids.filter((id) => bareSessionId(id) === sessionId);
	// The events of calls go to triggers, and only the event of a call's room comes here.
	if (event !== 'session-ended' || roomId === undefined) return [];
	const inRoom = items.filter((item) => item.roomId === roomId).map(({ callId }) => String(callId));
	return ids.filter((id) => inRoom.includes(id));
}

/** Merges what this package's own request carries. @returns whether the execution may continue */
function mergeFromUs(context: IWebhookFunctions, wait: WaitingExecution): boolean {
	// `askToContinue` has made the body.
	const { known = [], response, isWhole } = context.getBodyData() as unknown as Partial<CarriedKnown>;
	wait.merge(known, response);
	if (isWhole !== true) wait.pollAgain();
	wait.wake();
	// The sender is ready, and after a whole body, this process knows all that the sender knows, even if it can't ask VideoSDK itself.
	return wait.isReady || isWhole === true;
}

/** Merges an event of VideoSDK, and polls the conversation. @returns whether the execution may continue */
async function mergeFromEvent(
	{ event }: ReceivedEvent,
	wait: WaitingExecution,
	one: PendingConversation,
): Promise<boolean> {
	const name = END_EVENTS.find((candidate) => candidate === event);
	if (name !== undefined) one.mergeFact({ reported: { [name]: Date.now() } });
	else if (one.kind === KINDS.session) return false;
	await wait.pollNow(one);
	wait.wake(one);
	return wait.isReady;
}

/** Responds to a request to a waiting execution: merges what it tells, and continues the execution if nothing is left to wait for. */
async function answer(context: IWebhookFunctions, state: WaitState): Promise<IWebhookResponseData> {
	const receivedMs = Date.now();
	const waiting = readWaiting(context);
	const key = context.getHeaderData()[KEY_HEADER];
	let isReady = false;
	let wait: WaitingExecution | undefined;
	if (waiting && key !== undefined) {
		if (!hasKey(waiting.stored, key)) return reject(context, NOT_FOR_US);
		wait = await takeUp(context, state, waiting);
		if (wait) isReady = mergeFromUs(context, wait);
	} else {
		const delivery = await verifyDelivery(context, true, await readSettings(context));
		if ('rejection' in delivery) return reject(context, delivery.rejection);
		const ids = waiting ? idsOf(delivery.event, waiting) : [];
		if (waiting === undefined || ids.length === 0) return reject(context, NOT_FOR_US);
		wait = await takeUp(context, state, waiting);
		for (const id of ids) {
			const one = wait?.awaited.get(id);
			if (wait && one) isReady = await mergeFromEvent(delivery.event, wait, one);
		}
	}
	isReady &&= wait?.isOfThisProcess === true || Date.now() < receivedMs + FRESH_MS;
	if (!isReady || !wait?.tryContinue(context)) {
		return respond(
			context,
			200,
			"The request is accepted, and the execution waits for anything that isn't ready yet",
		);
	}
	context.getResponseObject().setHeader(RESULT_HEADER, 'continued');
	const output = waiting.items.map((item, index) => ({
		json: wait.outcome(item),
		pairedItem: { item: index },
	}));
	return { workflowData: [output] };
}

/**
 * Responds to a request to the resume URL of a waiting execution. Never throws, because n8n would continue the execution with an empty item
 * (test/e2e/n8nContract).
 */
export async function receiveResume(
	context: IWebhookFunctions,
	state: WaitState,
): Promise<IWebhookResponseData> {
	context.getResponseObject().setHeader(RESULT_HEADER, 'answered');
	return await answer(context, state).catch((error: Error) =>
		reject(context, {
			status: 503,
			sentence: "The request can't be handled right now. Try again later.",
			reason: `The request to resume the execution can't be handled. ${error.message}`,
		}),
	);
}
