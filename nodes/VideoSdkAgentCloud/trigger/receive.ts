import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { reject, verifyDelivery } from '../webhook/delivery';
import type { ReceivedEvent } from '../webhook/event';
import { eventName } from '../webhook/event';
import { readEventContext } from '../webhook/eventContext';
import { RecentDeliveries } from '../webhook/recentDeliveries';
import { respond } from '../webhook/respond';
import { subjectOf } from './details';
import type { Details } from './emit';
import type { Filters } from './filter';
import { filter } from './filter';
import { rememberReceiver } from './knownTriggers';

const recentDeliveries = new RecentDeliveries();

/** Which deliveries start an execution: the trigger's parameters, read. */
export interface Wanted extends Filters {
	verifySignature: boolean;
	/** Names of events. */
	events: string[];
	skipDuplicates: boolean;
	details: Details;
}

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
async function isFirstDelivery(context: IWebhookFunctions, event: ReceivedEvent): Promise<boolean> {
	const finish = await recentDeliveries.begin(
		`${context.getWorkflow().id}:${context.getNode().id}:${event.eventId}`,
	);
	if (finish === undefined) return false;
	const response = context.getResponseObject();
	// n8n answers 200 once it has stored the execution; "close" comes after every answer, and when the sender went away.
	const finishByAnswer = () => finish(response.writableFinished && response.statusCode === 200);
	// It comes only once: the sender may have gone away while the delivery was verified.
	if (response.closed) finishByAnswer();
	else response.once('close', finishByAnswer);
	return true;
}

/** Answers a delivery, and hands a verified, chosen, new event to the workflow. */
export async function receive(context: IWebhookFunctions, wanted: Wanted): Promise<IWebhookResponseData> {
	const delivery = await verifyDelivery(context, wanted.verifySignature);
	if ('rejection' in delivery) return reject(context, delivery.rejection);
	const { event } = delivery;
	rememberReceiver(context, wanted.events);
	const notWanted = 'The event is signed, but not one that this workflow was set to start on';
	if (!isChosen(event, wanted.events)) return ignore(context, event, notWanted);
	const item: IDataObject = { ...event, receivedAt: new Date().toISOString() };
	// A user who tries something out sends the same event again and again.
	if (wanted.skipDuplicates && context.getMode() !== 'manual' && !(await isFirstDelivery(context, event))) {
		return ignore(context, event, 'The event was received before');
	}
	const { isWanted, record } = await filter(context, event, wanted);
	if (!isWanted) return ignore(context, event, notWanted);
	const field = subjectOf(item)?.field;
	if (record !== undefined && field !== undefined && wanted.details[field]) item[field] = record;
	const eventContext = await readEventContext(context);
	if (eventContext !== undefined) item.context = eventContext;
	return { workflowData: [[{ json: item }]] };
}
