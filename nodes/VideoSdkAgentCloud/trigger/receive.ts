import { type IDataObject, type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { hintEnd } from '../waiting/pollers';
import { CONTEXT_PARAMETER, verifyContext } from '../webhook/context';
import { readSettings, reject, type Settings, verifyDelivery } from '../webhook/delivery';
import { eventName, type ReceivedEvent } from '../webhook/event';
import { RecentDeliveries } from '../webhook/recentDeliveries';
import { warnSparingly } from '../webhook/rejectionLog';
import { respond } from '../webhook/respond';
import { type Details, subjectOf } from './details';
import { filter, type Filters } from './filter';
import { rememberReceiver } from './knownTriggers';
import { Occurrences } from './occurrences';

/** A context of a different secret makes the credential be read again after this time: the user may just have changed it. */
const RECHECK_AGE_MS = 5_000;

/** The events that may be the end of a call. */
const CALL_ENDS = ['call-hangup', 'call-missed', 'call-transferred'];

const recentDeliveries = new RecentDeliveries();
const occurrences = new Occurrences();

/** Which deliveries start an execution: the trigger's parameters, read. */
export interface Wanted extends Filters {
	verifySignature: boolean;
	/** Names of events. */
	events: string[];
	skipDuplicates: boolean;
	details: Details;
}

/** An event as it goes from `webhook` to `execute`. */
export interface ReceivedItem extends IDataObject, ReceivedEvent {
	receivedAt: string;
	context?: IDataObject;
	/** The event occurred before, and this is not a repeated delivery of that. Not part of the output. */
	isAgain?: boolean;
}

const NOT_WANTED = 'The event is signed, but not one that this workflow was set to start on';

/** Answers an event that starts no execution. */
function ignore(context: IWebhookFunctions, event: ReceivedEvent, sentence: string): IWebhookResponseData {
	context.logger.debug(`VideoSDK Agent Cloud: '${context.getNode().name}' ignored an event. ${sentence}`, {
		workflowId: context.getWorkflow().id,
		event: event.event,
		sessionId: event.sessionId,
		eventId: event.eventId,
	});
	return respond(context, 200, sentence);
}

/** @returns whether the event is one of those chosen, in whatever spelling */
function isChosen({ webhookType }: ReceivedEvent, choices: string[]): boolean {
	const name = eventName(webhookType);
	return name !== undefined && choices.some((choice) => eventName(choice) === name);
}

/** @returns whether the delivery is the first one of its event, as far as this process knows */
async function isFirstDelivery(context: IWebhookFunctions, key: string): Promise<boolean> {
	const finish = await recentDeliveries.begin(key);
	if (finish === undefined) return false;
	const response = context.getResponseObject();
	// n8n answers 200 once it has stored the execution; "close" comes after every answer, and when the sender went away.
	const finishByAnswer = () => finish(response.writableFinished && response.statusCode === 200);
	// It comes only once: the sender may have gone away while the delivery was verified.
	if (response.closed) finishByAnswer();
	else response.once('close', finishByAnswer);
	return true;
}

/**
 * Reads the context that was given where the session or room began. VideoSDK's signature does not cover the URL, so the context has
 * one of its own. Never throws: an event is worth more than its context.
 *
 * @returns undefined if there is none, or it was not signed with the secret of the node's credential
 */
async function readContext(context: IWebhookFunctions, settings: Settings): Promise<IDataObject | undefined> {
	const { [CONTEXT_PARAMETER]: text } = context.getQueryData() as Record<string, unknown>;
	if (text === undefined) return undefined;
	const verify = (candidate: Settings) =>
		'contextKey' in candidate && candidate.contextKey ? verifyContext(text, candidate.contextKey) : undefined;
	const pairs = verify(settings) ?? verify(await readSettings(context, RECHECK_AGE_MS));
	if (pairs) return pairs;
	const reason =
		'unreadableBecause' in settings
			? settings.unreadableBecause
			: "It was changed on its way, or signed with another secret key: 'Secret Key' in the credential was changed after the session or room began, or that was started with another credential.";
	const { name } = context.getNode();
	warnSparingly(context, 'context', `'${name}' left the context of an event out. ${reason}`);
	return undefined;
}

/** Answers a delivery, and hands a verified, chosen, new event to the workflow. */
export async function receive(context: IWebhookFunctions, wanted: Wanted): Promise<IWebhookResponseData> {
	const settings = await readSettings(context);
	const delivery = await verifyDelivery(context, wanted.verifySignature, settings);
	if ('rejection' in delivery) return reject(context, delivery.rejection);

	const { event } = delivery;
	rememberReceiver(context, wanted.events);
	const { callId } = event;
	if (wanted.verifySignature && callId !== undefined && CALL_ENDS.includes(event.event)) {
		hintEnd(context, callId);
	}
	const node = `${context.getWorkflow().id}:${context.getNode().id}`;
	const occurrence = occurrences.count(node, event);
	if (!isChosen(event, wanted.events)) return ignore(context, event, NOT_WANTED);

	// A user who tries something out sends the same event again and again.
	const isSkipping = wanted.skipDuplicates && context.getMode() !== 'manual';
	if (isSkipping && !(await isFirstDelivery(context, `${node}:${event.eventId}:${occurrence}`))) {
		return ignore(context, event, 'The event was received before');
	}

	const { isWanted, record } = await filter(context, event, wanted);
	if (!isWanted) return ignore(context, event, NOT_WANTED);

	const field = subjectOf({ ...event })?.field;
	const eventContext = await readContext(context, settings);
	const item: ReceivedItem = {
		...event,
		receivedAt: new Date(Date.now()).toISOString(),
		...(record !== undefined && field !== undefined && wanted.details[field] && { [field]: record }),
		...(eventContext && { context: eventContext }),
		...(occurrence > 0 && { isAgain: true }),
	};
	return { workflowData: [[{ json: item }]] };
}
