import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';
import { TEST_URL } from '../webhook/address';
import { type KnownNode, KnownNodes } from '../webhook/knownNodes';

interface OfTrigger {
	/** Names of events. */
	events: string[];
	/** This process published the trigger itself. Otherwise it only saw an event arrive, and never learns that the trigger is gone. */
	isOwn: boolean;
}

/** A trigger of this n8n instance. */
export type KnownTrigger = KnownNode & OfTrigger;

const known = new KnownNodes<OfTrigger>();

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

/** Keeps a trigger that has received an event at its Production URL. One that is known may have been renamed: n8n calls no hook then. */
export function rememberReceiver(context: IWebhookFunctions, events: string[]): void {
	if (context.getMode() === 'manual') return;
	const trigger = known.get(context);
	if (!trigger?.isPublished) {
		const url = String(context.getNodeWebhookUrl('default'));
		return known.keep(context, { url, events, isPublished: true, isOwn: trigger?.isOwn ?? false });
	}
	trigger.workflowName = context.getWorkflow().name ?? '';
	trigger.nodeName = context.getNode().name;
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
		isOwnOrigin: published.some((trigger) => trigger.isOwn && new URL(trigger.url).origin === origin),
	};
}
