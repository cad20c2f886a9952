import { type CallWebhook, isSameUrl } from '../api/webhooks';
import { callEventsOf } from '../webhook/eventNames';

/** The webhook that a trigger needs at VideoSDK. */
export interface WantedWebhook {
	url: string;
	/** The webhook's events, as `callEventsOf` returns them. If there are none, no webhook is needed. */
	events: string[];
}

/** @returns whether a webhook has exactly these events */
export const hasEvents = (webhook: CallWebhook, events: string[]): boolean =>
	webhook.events.length === events.length &&
	callEventsOf(webhook.events).join() === callEventsOf(events).join();

/**
 * Compares the webhook that a trigger needs with those that exist, when it's published, when n8n starts, and when it's unpublished. Only
 * webhooks with its own URL are changed. Nothing that is stored with the workflow counts, because it may have been copied along with it.
 *
 * @param listed all webhooks of the VideoSDK project
 * @returns `keep`, the webhook that stays, if there is one; `create`, whether one is missing; `remove`, the others
 */
export function reconcile({ url, events }: WantedWebhook, listed: CallWebhook[]) {
	const own = listed.filter((webhook) => isSameUrl(webhook.url, url));
	// The order is fixed, so that two processes that have registered the trigger at the same time keep the same webhook.
	const fitting = own.filter((webhook) => hasEvents(webhook, events)).sort((a, b) => (a.id < b.id ? -1 : 1));
	const keep = events.length > 0 ? fitting[0] : undefined;
	return {
		...(keep && { keep }),
		create: events.length > 0 && keep === undefined,
		remove: own.filter((webhook) => webhook !== keep),
	};
}
