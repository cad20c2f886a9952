import { type IHookFunctions, NodeOperationError } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { createCallWebhook, deleteCallWebhook, listCallWebhooks } from '../api/callWebhooks';
import { clientOf, failureOf, type Send } from '../api/http/client';
import { CREDENTIAL_TYPE } from '../api/http/credential';
import { isPassing } from '../api/http/failure';
import { PerNode } from '../n8n/boundedStores';
import { isUnreachableFrom, originOf } from '../security/publicAddress';
import { callEventsOf } from '../webhook/eventNames';
import { log } from '../webhook/log';
import { hasEvents, reconcile, type WantedWebhook } from './reconcile';

const TIMEOUT_MS = 10_000;
/** n8n itself tries several times to publish, or the user does. */
const LIMITS = { timeoutMs: TIMEOUT_MS, maxAttempts: 2 };
/** The check of a start of n8n that is under way, if any: publishing and unpublishing come after it, so that it undoes neither. */
const startChecks = new PerNode(() => ({ done: Promise.resolve() }));

/** @throws what n8n throws if there is no such credential; UserError if its Base URL cannot be read */
async function baseUrlOf(context: IHookFunctions): Promise<string> {
	return readBaseUrl((await context.getCredentials(CREDENTIAL_TYPE)).baseUrl).href;
}

/** @returns what n8n keeps with the node, where the trigger notes that it has registered a webhook. It may have been copied along */
const notesOf = (context: IHookFunctions) => context.getWorkflowStaticData('node') as { callWebhook?: true };

/** @param names names of events; those of other families are ignored */
export function readRegistrant(context: IHookFunctions, names: string[]) {
	return {
		url: String(context.getNodeWebhookUrl('default')),
		events: callEventsOf(names),
		/** Logs a sentence that begins with the node's name. */
		warn: (sentence: string, error?: Error) => log(context, 'warn', sentence, { reason: error?.message }),
	};
}

/** A trigger whose call events are to be registered, as its hook reads it: enough to do it later, without the hook. */
export type Registrant = ReturnType<typeof readRegistrant>;

/** Logs that no event of a session or room can arrive: their URLs are not registered anywhere. A tunnel may change that. */
export function warnIfUnreachable(registrant: Registrant, baseUrl: string): void {
	if (!isUnreachableFrom(registrant.url, baseUrl)) return;
	registrant.warn(
		`has the URL ${registrant.url}. VideoSDK can't reach it, so no events will arrive. Give n8n a public URL: 'Public URL' in the docs says how`,
	);
}

/** Creates and deletes webhooks at VideoSDK until they are as wanted. @returns whether one was created */
async function settle(send: Send, wanted: WantedWebhook): Promise<boolean> {
	const changes = reconcile(wanted, await listCallWebhooks(send));
	// Made before others are removed, so that no event is missed in between.
	if (changes.create) await createCallWebhook(send, wanted.url, wanted.events);
	for (const { id } of changes.remove) await deleteCallWebhook(send, id);
	if (!changes.create) return false;
	// Another process of n8n may have registered the trigger at the same time.
	const { keep, remove: others } = reconcile(wanted, await listCallWebhooks(send));
	// Only the same one is removed: better two until the next start than none, if the other process knows another version of the trigger.
	const same = others.filter((other) => keep && hasEvents(other, keep.events));
	for (const { id } of same) await deleteCallWebhook(send, id);
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
	const notes = notesOf(context);
	await startChecks.of(context).done;
	if (events.length === 0 && !notes.callWebhook) return;
	if (events.length > 0 && isUnreachableFrom(registrant.url, await baseUrlOf(context))) {
		throw new NodeOperationError(
			context.getNode(),
			// Of a failed publication the editor shows the message only, so what to do comes first.
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
 * Removes the registration, when the trigger is unpublished or stops listening. One that is gone is no failure.
 *
 * @throws NodeOperationError if VideoSDK does not answer, and the trigger has registered a webhook: n8n tries again
 */
export async function unregister(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const { url, events, warn } = registrant;
	const notes = notesOf(context);
	await startChecks.of(context).done;
	if (events.length === 0 && !notes.callWebhook) return;
	try {
		// A check at a start of n8n may have made one without a note.
		await settle(clientOf(context, LIMITS), { url, events: [] });
		delete notes.callWebhook;
	} catch (error) {
		warn(notRemoved(url), error as Error);
		// The end of listening and a failed publication have to come to their end, and so has a trigger whose keys are not valid any more.
		if (!notes.callWebhook || !isPassing(failureOf(error))) return;
		const { message } = error as Error;
		throw new NodeOperationError(
			context.getNode(),
			`VideoSDK didn't remove the webhook ${url}. Unpublish again later, or delete it in the VideoSDK dashboard. ${message}`,
		);
	}
}

/**
 * Checks the registration once, in the background, when n8n starts, and makes it right. If VideoSDK doesn't answer, it stays as it is
 * until the next start: n8n keeps a trigger on the air that was registered before. Awaits no request.
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
