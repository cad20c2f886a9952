import { type CallWebhook, isSameUrl } from '../api/callWebhooks';
import { callEventsOf } from '../webhook/eventNames';

/** The webhook that a trigger needs at VideoSDK: one with exactly these, or none. */
export interface WantedWebhook {
	url: string;
	/** As `callEventsOf` gives them. None: no webhook. */
	events: string[];
}

/** @returns whether a webhook has exactly these events */
export const hasEvents = (webhook: CallWebhook, events: string[]): boolean =>
	webhook.events.length === events.length &&
	callEventsOf(webhook.events).join() === callEventsOf(events).join();

/**
 * Compares the webhook that a trigger needs with those that exist, when it is published, when n8n starts, and when it is unpublished.
 * Only webhooks of its own URL are touched, whatever it remembers: what is stored with a workflow may have been copied along with it.
 *
 * @param listed all webhooks of the VideoSDK project
 * @returns what has to be changed
 */
export function reconcile({ url, events }: WantedWebhook, listed: CallWebhook[]) {
	const own = listed.filter((webhook) => isSameUrl(webhook.url, url));
	// Two processes that have registered the trigger at the same time keep the same one.
	const fitting = own.filter((webhook) => hasEvents(webhook, events)).sort((a, b) => (a.id < b.id ? -1 : 1));
	const keep = events.length > 0 ? fitting[0] : undefined;
	return {
		...(keep && { keep }),
		create: events.length > 0 && keep === undefined,
		remove: own.filter((webhook) => webhook !== keep),
	};
}
