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
}

const MAX_KNOWN = 1_000;

/**
 * The triggers that this process knows, by workflow and node. No n8n interface lists them. A process learns of one when n8n calls its
 * hooks, that is at publishing, unpublishing and listening (n8n 1.x: also at its start), and from each event that it receives.
 */
const known = new Map<string, KnownTrigger>();

const keyOf = (context: IHookFunctions | IWebhookFunctions) =>
	`${context.getWorkflow().id}:${context.getNode().id}`;

function remember(
	context: IHookFunctions | IWebhookFunctions,
	url: string,
	events: string[],
	isPublished: boolean,
): void {
	const { id = '', name = '' } = context.getWorkflow();
	const key = keyOf(context);
	known.delete(key);
	if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value as string);
	known.set(key, {
		url,
		workflowId: id,
		workflowName: name,
		nodeName: context.getNode().name,
		credentialId: credentialId(context),
		events,
		isPublished,
	});
}

/** Keeps a trigger that is published or listens for a test event. */
export function rememberTrigger(context: IHookFunctions, events: string[]): void {
	const url = String(context.getNodeWebhookUrl('default'));
	if (context.getMode() !== 'manual') return remember(context, url, events, true);
	// It may be published as well.
	if (known.get(keyOf(context))?.isPublished || !url.includes(TEST_URL)) return;
	remember(context, url.replace(TEST_URL, '/webhook/'), events, false);
}

/** Keeps a trigger that has received an event at its Production URL, if this process does not know it yet. */
export function rememberReceiver(context: IWebhookFunctions, events: string[]): void {
	if (context.getMode() === 'manual' || known.get(keyOf(context))?.isPublished) return;
	remember(context, String(context.getNodeWebhookUrl('default')), events, true);
}

/** Keeps that a trigger is not published any more. The end of listening for a test event changes nothing. */
export function rememberUnpublished(context: IHookFunctions): void {
	const trigger = known.get(keyOf(context));
	if (trigger && trigger.url === context.getNodeWebhookUrl('default')) trigger.isPublished = false;
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
