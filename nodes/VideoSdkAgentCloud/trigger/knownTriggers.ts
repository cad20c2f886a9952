import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';
import { credentialId } from '../api/credential';
import { TEST_URL } from '../webhook/address';

/** A trigger of this n8n instance. */
export interface KnownTrigger {
	/** Its Production URL. */
	url: string;
	workflowId: string;
	workflowName: string;
	nodeName: string;
	credentialId: string;
	/** Names of events. */
	events: string[];
	isPublished: boolean;
	/** This process published the trigger itself. Otherwise it only saw an event arrive, and never learns that the trigger is gone. */
	isOwn: boolean;
}

type TriggerContext = IHookFunctions | IWebhookFunctions;

const MAX_KNOWN = 1_000;

/**
 * The triggers that this process knows, by workflow and node. No n8n interface lists workflows to a node, or says whether one still
 * exists: `ILoadOptionsFunctions` offers requests, credentials and data tables, on n8n 1.x and 2.x alike. A process learns of a trigger
 * when n8n calls its hooks (publishing, unpublishing, listening, starting), and from each event that it receives.
 */
const known = new Map<string, KnownTrigger>();

const keyOf = (context: TriggerContext) => `${context.getWorkflow().id}:${context.getNode().id}`;

function remember(
	context: TriggerContext,
	trigger: Pick<KnownTrigger, 'url' | 'events' | 'isPublished' | 'isOwn'>,
): void {
	const key = keyOf(context);
	known.delete(key);
	if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value as string);
	const { id = '', name = '' } = context.getWorkflow();
	const { name: nodeName } = context.getNode();
	known.set(key, {
		...trigger,
		workflowId: id,
		workflowName: name,
		nodeName,
		credentialId: credentialId(context),
	});
}

/** Keeps a trigger that is published or listens for a test event. */
export function rememberTrigger(context: IHookFunctions, events: string[]): void {
	const url = String(context.getNodeWebhookUrl('default'));
	if (context.getMode() !== 'manual') {
		return remember(context, { url, events, isPublished: true, isOwn: true });
	}
	// It may be published as well.
	if (known.get(keyOf(context))?.isPublished || !url.includes(TEST_URL)) return;
	remember(context, { url: url.replace(TEST_URL, '/webhook/'), events, isPublished: false, isOwn: true });
}

/** Keeps a trigger that has received an event at its Production URL. One that is known may have been renamed: n8n calls no hook then. */
export function rememberReceiver(context: IWebhookFunctions, events: string[]): void {
	if (context.getMode() === 'manual') return;
	const trigger = known.get(keyOf(context));
	if (!trigger?.isPublished) {
		const url = String(context.getNodeWebhookUrl('default'));
		return remember(context, { url, events, isPublished: true, isOwn: trigger?.isOwn ?? false });
	}
	trigger.workflowName = context.getWorkflow().name ?? '';
	trigger.nodeName = context.getNode().name;
}

/** Forgets a trigger that is unpublished (n8n unpublishes what is deleted, too), or that stops listening without being published. */
export function rememberUnpublished(context: IHookFunctions): void {
	const trigger = known.get(keyOf(context));
	if (!trigger) return;
	if (!trigger.isPublished || trigger.url === context.getNodeWebhookUrl('default')) {
		known.delete(keyOf(context));
	}
}

/** @returns the triggers that use a credential: published ones first, by name of workflow and node */
export function knownTriggers(credential: string): KnownTrigger[] {
	return [...known.values()]
		.filter((trigger) => trigger.credentialId === credential)
		.sort(
			(a, b) =>
				Number(b.isPublished) - Number(a.isPublished) ||
				a.workflowName.localeCompare(b.workflowName) ||
				a.nodeName.localeCompare(b.nodeName),
		);
}

/**
 * Finds the published trigger of a URL, whatever its credential.
 *
 * @param url without a query or a slash at its end
 * @returns `trigger`: that of exactly this URL or else of the same path, which holds an ID of its own, at another address of n8n.
 * `isOwnOrigin`: this process publishes triggers at the URL's scheme and host, so that it would know one there
 */
export function findPublished(url: string): { trigger?: KnownTrigger; isOwnOrigin: boolean } {
	const published = [...known.values()].filter((trigger) => trigger.isPublished && URL.canParse(trigger.url));
	const { origin, pathname } = new URL(url);
	return {
		trigger:
			published.find((trigger) => trigger.url === url) ??
			published.find((trigger) => new URL(trigger.url).pathname === pathname),
		isOwnOrigin: published.some((trigger) => trigger.isOwn && new URL(trigger.url).origin === origin),
	};
}
