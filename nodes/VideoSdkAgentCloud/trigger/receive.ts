import { type IDataObject, type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { CONTEXT_PARAMETER, verifyContext } from '../webhook/context';
import { verifyDelivery } from '../webhook/delivery';
import { eventName, happensOnce, type ReceivedEvent } from '../webhook/event';
import { rememberDelivery } from '../webhook/knownNodes';
import { isFirstDelivery } from '../webhook/recentDeliveries';
import { reject, respond } from '../webhook/respond';
import { readSettings, type Settings } from '../webhook/verificationSettings';
import { log, warnSparingly } from '../webhook/log';
import { detailOf, type Details } from './details';
import { filter, type Filters } from './filter';

/** A context of a different secret makes the credential be read again after this time: the user may just have changed it. */
const RECHECK_AGE_MS = 5_000;

/** Which deliveries start an execution: the trigger's parameters, read. */
export interface Wanted {
	verifySignature: boolean;
	/** Names of events. */
	events: string[];
	skipDuplicates: boolean;
	details: Details;
	filters: Filters;
}

/** An event as it goes from `webhook` to `execute`. */
export interface ReceivedItem extends IDataObject, ReceivedEvent {
	receivedAt: string;
	context?: IDataObject;
	/** That of the session or call, if it had to be fetched before; null if that failed. Not part of the output. */
	record?: IDataObject | null;
}

const WRONG_CONTEXT =
	"It was changed in transit, or signed with a different secret key. Either 'Secret Key' in the credential has changed since the session or room was started, or it was started with a different credential.";
const NOT_WANTED = "The event was received, but this workflow isn't set to start on it";

/**
 * Reads the credential, and with it the context in the URL. VideoSDK's signature does not cover the URL, so the context has one of its
 * own. Never throws: an event is worth more than its context.
 *
 * @returns the settings, with the context as it was given where the session or room began, or why it is ignored
 */
async function readSenderContext(context: IWebhookFunctions) {
	const { [CONTEXT_PARAMETER]: text } = context.getQueryData() as Record<string, unknown>;
	const pairsBy = (settings: Settings) =>
		'contextKey' in settings && settings.contextKey ? verifyContext(text, settings.contextKey) : undefined;
	let settings = await readSettings(context);
	if (text === undefined) return { settings };
	if (!pairsBy(settings)) settings = await readSettings(context, RECHECK_AGE_MS);
	const eventContext = pairsBy(settings);
	if (eventContext) return { settings, eventContext };
	const leftOutBecause = 'unreadableBecause' in settings ? settings.unreadableBecause : WRONG_CONTEXT;
	return { settings, leftOutBecause };
}

/** @returns whether the event is one of those chosen, in whatever spelling */
function isChosen({ webhookType }: ReceivedEvent, choices: string[]): boolean {
	const name = eventName(webhookType);
	return name !== undefined && choices.some((choice) => eventName(choice) === name);
}

/** Answers a delivery, and hands a verified, chosen, new event to the workflow. */
export async function receive(context: IWebhookFunctions, wanted: Wanted): Promise<IWebhookResponseData> {
	const { settings, eventContext, leftOutBecause } = await readSenderContext(context);
	const delivery = await verifyDelivery(context, wanted.verifySignature, settings);
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

	const { isWanted, record } = await filter(context, event, wanted.filters);
	if (!isWanted) return ignore(NOT_WANTED);

	if (leftOutBecause !== undefined) {
		warnSparingly(context, 'context', `ignored the context of an event. ${leftOutBecause}`);
	}
	const item: ReceivedItem = {
		...event,
		receivedAt: new Date(Date.now()).toISOString(),
		...(record !== undefined && detailOf({ ...event }, wanted.details) && { record }),
		...(eventContext && { context: eventContext }),
	};
	return { workflowData: [[{ json: item }]] };
}
