import type { IHookFunctions } from 'n8n-workflow';
import { TEST_URL } from '../webhook/address';
import { type KnownNode, KnownNodes } from '../webhook/knownNodes';

interface OfTrigger {
	/** Names of events. */
	events: string[];
	/** This process published the trigger itself. Otherwise it only saw an event arrive, and never learns that the trigger is gone. */
	isOwn?: true;
}

/** A trigger of this n8n instance. */
export type KnownTrigger = KnownNode & OfTrigger;

/** Those that this process knows. */
export const known = new KnownNodes<OfTrigger>();

/** Keeps a trigger that is published or listens for a test event. */
export function rememberTrigger(context: IHookFunctions, events: string[]): void {
	const url = String(context.getNodeWebhookUrl('default'));
	if (context.getMode() !== 'manual') {
		return known.keep(context, { url, events, isPublished: true, isOwn: true });
	}
	// It may be published as well.
	if (known.get(context)?.isPublished || !url.includes(TEST_URL)) return;
	known.keep(context, { url: url.replace(TEST_URL, '/webhook/'), events, isPublished: false, isOwn: true });
}

/** Forgets a trigger that is unpublished (n8n unpublishes what is deleted, too), or that stops listening without being published. */
export function rememberUnpublished(context: IHookFunctions): void {
	const trigger = known.get(context);
	if (!trigger) return;
	if (!trigger.isPublished || trigger.url === context.getNodeWebhookUrl('default')) {
		known.forget(context);
	}
}

/** @returns the triggers that use a credential, see `KnownNodes` */
export function knownTriggers(credential: string): KnownTrigger[] {
	return known.ofCredential(credential);
}

/**
 * Finds the published trigger of a URL, whatever its credential.
 *
 * @param url without a query or a slash at its end
 * @returns `trigger`: that of exactly this URL or else of the same path, which holds an ID of its own, at another address of n8n.
 * `isOwnOrigin`: this process publishes triggers at the URL's scheme and host, so that it would know one there
 */
export function findPublished(url: string): { trigger?: KnownTrigger; isOwnOrigin: boolean } {
	const published = known.all().filter((trigger) => trigger.isPublished && URL.canParse(trigger.url));
	const { origin, pathname } = new URL(url);
	return {
		trigger:
			published.find((trigger) => trigger.url === url) ??
			published.find((trigger) => new URL(trigger.url).pathname === pathname),
		isOwnOrigin: published.some(
			(trigger) => trigger.isOwn === true && new URL(trigger.url).origin === origin,
		),
	};
}

/** @returns whether a different trigger is published at a URL, as far as this process knows */
export function isTakenByAnother(context: IHookFunctions, url: string): boolean {
	const { trigger } = findPublished(url);
	return trigger !== undefined && trigger !== known.get(context);
}
