import { type IHookFunctions, NodeOperationError } from 'n8n-workflow';
import {
	type CallWebhook,
	createCallWebhook,
	deleteCallWebhook,
	listCallWebhooks,
} from '../api/callWebhooks';
import { clientOf, type Send } from '../api/client';
import { isUnreachableFrom } from '../webhook/address';
import { callEventsOf } from '../webhook/eventNames';
import { isTakenByAnother } from '../webhook/knownNodes';
import { reconcile, type Wanted } from './reconcile';
import {
	forget,
	presentRegistration,
	readAccount,
	type Registrant,
	type Registration,
	storedRegistration,
} from './storedRegistration';

/** n8n itself tries several times to publish (2.x), or the user does. */
const LIMITS = { timeoutMs: 10_000, maxAttempts: 2 };

/** @param names names of events; those of other families are ignored */
export function readRegistrant(context: IHookFunctions, names: string[]): Registrant {
	const { name } = context.getNode();
	const workflowId = context.getWorkflow().id;
	return {
		url: String(context.getNodeWebhookUrl('default')),
		events: callEventsOf(names),
		warn: (sentence, error) =>
			context.logger.warn(`VideoSDK Agent Cloud: '${name}' ${sentence}`, {
				workflowId,
				reason: error?.message,
			}),
	};
}

/** Logs that no event of a session or room can arrive: their URLs are not registered anywhere. A tunnel may change that. */
export function warnIfUnreachable(registrant: Registrant, baseUrl: string): void {
	if (!isUnreachableFrom(registrant.url, baseUrl)) return;
	registrant.warn(
		`has the URL ${registrant.url}. VideoSDK can't reach it from the internet, so no events will arrive. Give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL)`,
	);
}

/** Creates and deletes webhooks at VideoSDK until they are as wanted. @returns whether one was created */
async function settle(send: Send, wanted: Wanted): Promise<boolean> {
	const remove = async (webhooks: CallWebhook[]) => {
		for (const { id } of webhooks) await deleteCallWebhook(send, id);
	};
	const changes = reconcile(wanted, await listCallWebhooks(send));
	// Made before others are removed, so that no event is missed in between.
	if (changes.create) await createCallWebhook(send, wanted.url, wanted.events);
	await remove(changes.remove);
	if (!changes.create) return false;
	// Another process of n8n may have registered the trigger at the same time.
	await remove(reconcile(wanted, await listCallWebhooks(send)).remove);
	return true;
}

/**
 * Registers the trigger for exactly its call events, once, when it is published or listens for a test event. Without call events
 * nothing is registered, and what was is removed.
 *
 * @throws NodeOperationError if VideoSDK cannot reach the URL, or does not register it
 */
export async function register(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const { events, url, warn } = registrant;
	if (events.length === 0 && storedRegistration(context) === undefined) return;
	const account = await readAccount(context);
	const stored = presentRegistration(context, registrant, account);
	if (events.length > 0 && isUnreachableFrom(registrant.url, account.baseUrl)) {
		throw new NodeOperationError(
			context.getNode(),
			// Of a failed publication the editor shows the message only, so what to do comes first.
			`To receive call events, give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL; 'Public URL' in the docs says how), because VideoSDK can't reach it at ${new URL(url).origin}`,
			{ description: "Or deselect the call events in 'Trigger On'." },
		);
	}
	if (events.length === 0 && stored === undefined) return;
	try {
		await settle(clientOf(context, LIMITS), registrant);
		if (events.length === 0) return forget(context);
		const registration: Registration = { url, account: account.id, isTest: context.getMode() === 'manual' };
		context.getWorkflowStaticData('node').callWebhook = registration;
	} catch (error) {
		if (events.length === 0) return warn(notRemoved(url), error as Error);
		const { message, description } = error as Error & { description?: string };
		throw new NodeOperationError(
			context.getNode(),
			`Check the credential, or publish again later. VideoSDK can't send call events to this trigger yet. ${message}`,
			{ description },
		);
	}
}

const notRemoved = (url: string) =>
	`couldn't remove its registration for call events. Delete the webhook ${url}, if there is one, in the VideoSDK dashboard`;

/**
 * Removes the registration, when the trigger is unpublished or stops listening. One that is gone is no failure.
 *
 * @throws NodeOperationError if VideoSDK does not remove what the trigger has registered: n8n tries again (2.x), or logs it
 */
export async function unregister(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const { url, events, warn } = registrant;
	if (events.length === 0 && storedRegistration(context) === undefined) return;
	// n8n 1.x also calls this for an imported copy that it refuses to publish because the original has the same URL.
	if (isTakenByAnother(context, url)) return;
	let stored: Registration | undefined;
	try {
		stored = presentRegistration(context, registrant, await readAccount(context));
		// A check at a start of n8n may have made one without a trace in the static data.
		await settle(clientOf(context, LIMITS), { url, events: [] });
		forget(context);
	} catch (error) {
		warn(notRemoved(url), error as Error);
		// The end of listening would fail for ever, and a failed publication would leave n8n's own webhook behind.
		if (stored?.isTest !== false) return;
		const { message } = error as Error;
		throw new NodeOperationError(
			context.getNode(),
			`VideoSDK didn't remove the webhook ${url}. Unpublish again later, or delete it in the VideoSDK dashboard. ${message}`,
		);
	}
}

/**
 * Prepares a check of the registration for a start of n8n, when a hook may await no request.
 *
 * @returns makes the registration right, with the credential as it is then; throws if VideoSDK does not answer. undefined if there is
 * nothing to check
 * @throws what `readAccount` throws
 */
export async function prepareCheck(
	context: IHookFunctions,
	registrant: Registrant,
): Promise<(() => Promise<void>) | undefined> {
	const { events, url, warn } = registrant;
	if (events.length === 0 && storedRegistration(context) === undefined) return undefined;
	const account = await readAccount(context);
	presentRegistration(context, registrant, account);
	warnIfUnreachable(registrant, account.baseUrl);
	if (events.length === 0 || isUnreachableFrom(registrant.url, account.baseUrl)) return undefined;
	return async () => {
		const isCreated = await settle(clientOf(context, { ...LIMITS, maxAttempts: 1 }), registrant);
		if (isCreated) warn(`wasn't registered for call events at ${url}, but is now`);
	};
}
