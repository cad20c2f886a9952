import { type IHookFunctions, NodeOperationError } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { createCallWebhook, deleteCallWebhook, listCallWebhooks } from '../api/webhooks';
import { clientOf, failureOf, type Send } from '../api/http/client';
import { CREDENTIAL_TYPE } from '../api/http/credential';
import { isPassing } from '../api/http/failure';
import { PerNode } from '../n8n/boundedStores';
import { isUnreachableFrom, originOf } from '../security/publicAddress';
import { callEventsOf } from '../webhook/eventNames';
import { log } from '../webhook/log';
import { hasEvents, reconcile, type WantedWebhook } from './reconcile';

const TIMEOUT_MS = 10_000;
/** There are only two attempts, because n8n, or the user, tries again to publish. */
const LIMITS = { timeoutMs: TIMEOUT_MS, maxAttempts: 2 };
/** The check at a start of n8n that is under way. Publishing and unpublishing wait for it, so that it undoes neither. */
const startChecks = new PerNode(() => ({ done: Promise.resolve() }));

/** @throws what n8n throws if there is no such credential; UserError if its Base URL cannot be read */
async function baseUrlOf(context: IHookFunctions): Promise<string> {
	return readBaseUrl((await context.getCredentials(CREDENTIAL_TYPE)).baseUrl).href;
}

/** @returns the node's static data, where the trigger notes that it has registered a webhook. It may have been copied with the workflow */
const notesOf = (context: IHookFunctions) => context.getWorkflowStaticData('node') as { callWebhook?: true };

/** Reads a trigger whose call events are to be registered. @param names names of events; those that aren't about calls are ignored */
export function readRegistrant(context: IHookFunctions, names: string[]) {
	return {
		url: String(context.getNodeWebhookUrl('default')),
		events: callEventsOf(names),
		/** Logs a sentence that begins with the node's name. */
		warn: (sentence: string, error?: Error) => log(context, 'warn', sentence, { reason: error?.message }),
	};
}

/** A trigger whose call events are to be registered. It holds all that is needed to do so after its hook has returned. */
export type Registrant = ReturnType<typeof readRegistrant>;

/** Logs that no event of a session or room can arrive. It's no error, because their URLs aren't registered, and a tunnel may follow. */
export function warnIfUnreachable(registrant: Registrant, baseUrl: string): void {
	if (!isUnreachableFrom(registrant.url, baseUrl)) return;
	registrant.warn(
		`has the URL ${registrant.url}. VideoSDK can't reach it, so no events will arrive. Give n8n a public URL: 'Public URL' in the docs says how`,
	);
}

/** Creates and deletes webhooks at VideoSDK, so that there are those that are wanted. @returns whether one was created */
async function settle(send: Send, wanted: WantedWebhook): Promise<boolean> {
	const changes = reconcile(wanted, await listCallWebhooks(send));
	// It's created before others are removed, so that no event is missed in between.
	if (changes.create) await createCallWebhook(send, wanted.url, wanted.events);
	for (const { id } of changes.remove) await deleteCallWebhook(send, id);
	if (!changes.create) return false;
	// Another process of n8n may have registered the trigger at the same time.
	const { keep, remove: others } = reconcile(wanted, await listCallWebhooks(send));
	// Only webhooks with the same events are removed. If the other process knows another version of the trigger, two until the next start
	// are better than none.
	const same = others.filter((other) => keep && hasEvents(other, keep.events));
	for (const { id } of same) await deleteCallWebhook(send, id);
	return true;
}

/**
 * Registers the trigger for exactly its call events, when it's published or listens for a test event. Without call events, an earlier
 * registration is removed.
 *
 * @throws NodeOperationError if VideoSDK can't reach the URL, or doesn't register it
 */
export async function register(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const { events, url, warn } = registrant;
	const notes = notesOf(context);
	await startChecks.of(context).done;
	if (events.length === 0 && !notes.callWebhook) return;
	if (events.length > 0 && isUnreachableFrom(registrant.url, await baseUrlOf(context))) {
		throw new NodeOperationError(
			context.getNode(),
			// If publishing fails, the editor shows only the message, so it begins with what to do.
			`To receive call events, give n8n a public URL ('Public URL' in the docs says how), because VideoSDK can't reach it at ${originOf(url)}`,
			{ description: "Or deselect the call events in 'Trigger On'." },
		);
	}
	try {
		await settle(clientOf(context, LIMITS), registrant);
		if (events.length === 0) delete notes.callWebhook;
		else if (context.getMode() !== 'manual') notes.callWebhook = true;
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
 * Removes the registration when the trigger is unpublished or stops listening. It's no failure if it's already gone.
 *
 * @throws NodeOperationError if the trigger has registered a webhook and VideoSDK doesn't respond, so that n8n tries again
 */
export async function unregister(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const { url, events, warn } = registrant;
	const notes = notesOf(context);
	await startChecks.of(context).done;
	if (events.length === 0 && !notes.callWebhook) return;
	try {
		// The check at a start of n8n may have created a webhook without noting it.
		await settle(clientOf(context, LIMITS), { url, events: [] });
		delete notes.callWebhook;
	} catch (error) {
		warn(notRemoved(url), error as Error);
		// Unpublishing must not fail where nothing was registered, or the keys have become invalid.
		if (!notes.callWebhook || !isPassing(failureOf(error))) return;
		const { message } = error as Error;
		throw new NodeOperationError(
			context.getNode(),
			`VideoSDK didn't remove the webhook ${url}. Unpublish again later, or delete it in the VideoSDK dashboard. ${message}`,
		);
	}
}

/**
 * Checks and corrects the registration in the background when n8n starts. It doesn't wait for any request. If VideoSDK doesn't respond, the
 * registration stays as it is until the next start, because a trigger that doesn't throw stays on the air.
 *
 * @throws what `baseUrlOf` throws
 */
export async function checkAtStart(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const { events, url, warn } = registrant;
	if (events.length === 0) return;
	const baseUrl = await baseUrlOf(context);
	warnIfUnreachable(registrant, baseUrl);
	if (isUnreachableFrom(url, baseUrl)) return;
	const check = startChecks.of(context);
	check.done = check.done
		.then(async () => await settle(clientOf(context, { timeoutMs: TIMEOUT_MS }), registrant))
		.then((isCreated) => {
			if (isCreated) warn(`wasn't registered for call events at ${url}, but is now`);
		})
		.catch((error: Error) =>
			warn(
				"couldn't check its registration for call events. If none arrive, publish its workflow again",
				error,
			),
		);
}
