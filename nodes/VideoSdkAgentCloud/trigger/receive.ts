import { type IDataObject, type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { verifyDelivery } from '../webhook/delivery';
import { eventName, happensOnce, type ReceivedEvent } from '../webhook/event';
import { rememberDelivery } from '../webhook/knownNodes';
import { isFirstDelivery } from '../webhook/recentDeliveries';
import { reject, respond } from '../webhook/respond';
import { readSettings } from '../webhook/verificationSettings';
import { log } from '../webhook/log';
import { detailOf, type Details } from './details';
import { type Choices, filter } from './filter';

/** Which deliveries start an execution: the trigger's parameters, read. */
export interface WantedEvents {
	verifySignature: boolean;
	/** Names of events. */
	events: string[];
	skipDuplicates: boolean;
	details: Details;
	choices: Choices;
}

/** An event as it goes from `webhook` to `execute`. */
export interface ReceivedItem extends IDataObject, ReceivedEvent {
	receivedAt: string;
	/** That of the session or call, if it had to be fetched before; null if that failed. Not part of the output. */
	record?: IDataObject | null;
}

const NOT_WANTED = "The event was received, but this workflow isn't set to start on it";

/** @returns whether the event is one of those chosen, in whatever spelling */
function isChosen({ webhookType }: ReceivedEvent, events: string[]): boolean {
	const name = eventName(webhookType);
	return name !== undefined && events.some((event) => eventName(event) === name);
}

/** Answers a delivery, and hands a verified, chosen, new event to the workflow. */
export async function receive(
	context: IWebhookFunctions,
	wanted: WantedEvents,
): Promise<IWebhookResponseData> {
	const delivery = await verifyDelivery(context, wanted.verifySignature, await readSettings(context));
	if ('rejection' in delivery) return reject(context, delivery.rejection);

	const { event } = delivery;
	const ignore = (sentence: string) => {
		const { event: type, sessionId, eventId } = event;
		log(context, 'debug', `ignored an event. ${sentence}`, { event: type, sessionId, eventId });
		return respond(context, 200, sentence);
	};
	rememberDelivery(context, { events: wanted.events });
	if (!isChosen(event, wanted.events)) return ignore(NOT_WANTED);

	// A user who tries something out sends the same event again and again.
	const isSkipping = wanted.skipDuplicates && happensOnce(event) && context.getMode() !== 'manual';
	if (isSkipping && !(await isFirstDelivery(context, event.eventId))) {
		return ignore('The event has already been received');
	}

	const { isWanted, record } = await filter(context, event, wanted.choices);
	if (!isWanted) return ignore(NOT_WANTED);

	const item: ReceivedItem = {
		...event,
		receivedAt: new Date(Date.now()).toISOString(),
		...(record !== undefined && detailOf({ ...event }, wanted.details) && { record }),
	};
	return { workflowData: [[{ json: item }]] };
}
