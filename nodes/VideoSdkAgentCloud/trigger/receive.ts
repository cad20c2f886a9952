import { type IDataObject, type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { verifyDelivery } from '../webhook/delivery';
import { eventName, happensOnce, type ReceivedEvent } from '../webhook/event';
import { rememberDelivery } from '../webhook/knownNodes';
import { isFirstDelivery } from './duplicateInMemory';
import { reject, respond } from '../webhook/respond';
import { readSettings } from '../webhook/verificationSettings';
import { log } from '../webhook/log';
import { detailOf, type Details } from './details';
import { type Choices, filter } from './filter';

/** The trigger's parameters, which decide which deliveries start an execution. */
export interface WantedEvents {
	verifySignature: boolean;
	events: string[];
	skipDuplicates: boolean;
	details: Details;
	choices: Choices;
}

/** The item that `webhook` passes to `execute`. */
export interface ReceivedItem extends IDataObject, ReceivedEvent {
	receivedAt: string;
	/** The record of the session or call, if the filters had to fetch it; null if that failed. It isn't in the output. */
	record?: IDataObject | null;
}

const NOT_WANTED = "The event was received, but this workflow isn't set to start on it";

/** @returns whether the event is a chosen one, in any of its spellings */
function isChosen({ webhookType }: ReceivedEvent, events: string[]): boolean {
	const name = eventName(webhookType);
	return name !== undefined && events.some((event) => eventName(event) === name);
}

/** Responds to a delivery, and passes a verified, chosen, new event on to the workflow. */
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

	// While a trigger listens in the editor, nothing is skipped, because users then send the same event again and again.
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
