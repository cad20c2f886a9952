import type { IHookFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import type { CallWebhook } from '../api/callWebhooks';
import { createCallWebhook, deleteCallWebhook, findCallWebhooks } from '../api/callWebhooks';
import type { Send } from '../api/client';
import { isUnreachable } from '../webhook/address';
import type { Account, AccountId } from './account';
import { readAccount } from './account';
import type { Registration } from './registrationData';
import { callEventsOf, forget, hasEvents, keep, recall } from './registrationData';

/** n8n itself tries several times to publish (2.x), or the user does. */
const LIMITS = { timeoutMs: 10_000, maxAttempts: 2 };
/** At its start n8n 1.x asks one trigger after another, so a slow API must not cost much time. */
const CHECK_LIMITS = { timeoutMs: 5_000, maxAttempts: 1 };
/** How long the other triggers do not ask an API that did not answer when n8n started. */
const SKIP_CHECKS_MS = 60_000;

/** Until when (ms since 1970) an API is not asked at the start of n8n, by Base URL. */
const skippedUntilMs = new Map<string, number>();

const isOfAccount = (registration: AccountId, account: AccountId) =>
	registration.baseUrl === account.baseUrl && registration.apiKeyHash === account.apiKeyHash;

const urlOf = (context: IHookFunctions) => String(context.getNodeWebhookUrl('default'));

/** Logs a sentence that begins with the node's name. */
export function warn(context: IHookFunctions, sentence: string, error?: Error): void {
	context.logger.warn(`VideoSDK Agent Cloud: '${context.getNode().name}' ${sentence}`, {
		workflowId: context.getWorkflow().id,
		reason: error?.message,
	});
}

/** Tells in the log that no event of a session or room can arrive: their URLs are not registered anywhere. A tunnel may change that. */
export function warnIfUnreachable(context: IHookFunctions, baseUrl: string): void {
	const url = urlOf(context);
	if (!isUnreachable(url) || isUnreachable(baseUrl)) return;
	warn(
		context,
		`has the URL ${url}, which VideoSDK cannot reach from the internet: no events will arrive. Give n8n a public address (N8N_WEBHOOK_URL)`,
	);
}

/** @returns whether n8n calls a hook because it starts, or another main process takes over, not because somebody publishes */
export function isStartOfN8n(context: IHookFunctions): boolean {
	return ['init', 'leadershipChange'].includes(context.getActivationMode());
}

/**
 * Tells whether the trigger is registered for exactly these call events. Never throws: n8n would take a published trigger off the
 * air if VideoSDK does not answer when n8n starts. What was registered before is taken to be registered then.
 *
 * @param names names of events; those of other families are left out
 */
export async function isRegistered(context: IHookFunctions, names: string[]): Promise<boolean> {
	const [events, url, registration] = [callEventsOf(names), urlOf(context), recall(context)];
	if (events.length === 0 || registration?.url !== url || !hasEvents(registration, events)) return false;
	try {
		const account = await readAccount(context);
		if (!isOfAccount(registration, account)) return false;
		if (isStartOfN8n(context) && Date.now() < (skippedUntilMs.get(account.baseUrl) ?? 0)) return true;
		const found = await findCallWebhooks(account.client(CHECK_LIMITS), url);
		// Several, or others: `create` puts that in order.
		if (found.length !== 1 || !found[0] || !hasEvents(found[0], events)) return false;
		if (found[0].id !== registration.webhookId) keep(context, account, found[0]);
	} catch (error) {
		skippedUntilMs.set(registration.baseUrl, Date.now() + SKIP_CHECKS_MS);
		warn(context, 'could not check its registration for call events, and goes on with it', error as Error);
	}
	return true;
}

/**
 * Removes what was registered, with the present API key.
 *
 * @throws NodeOperationError if VideoSDK does not do it
 */
async function remove(context: IHookFunctions, registration: Registration, account: Account): Promise<void> {
	const { webhookId, url, baseUrl, apiKeyHash } = registration;
	const isSameKey = apiKeyHash === account.apiKeyHash;
	try {
		// What the key signs goes only to hosts for which the user has entered it.
		if (isSameKey || baseUrl === account.baseUrl) {
			const send = account.client(LIMITS, baseUrl);
			// Another process may have registered the trigger, too.
			const found = (await findCallWebhooks(send, url)).map(({ id }) => id);
			for (const id of new Set([webhookId, ...found])) await deleteCallWebhook(send, id);
		}
	} catch (error) {
		if (isSameKey) throw new NodeOperationError(context.getNode(), error as Error);
	}
	if (isSameKey) return;
	warn(
		context,
		`was registered for call events with another API key. If that is of another project, delete the webhook ${url} there, in the VideoSDK dashboard`,
	);
}

/** Two processes of n8n may have registered the trigger at the same time: both keep the same one. */
async function removeSurplus(send: Send, webhook: CallWebhook): Promise<CallWebhook> {
	const found = (await findCallWebhooks(send, webhook.url)).sort((a, b) => (a.id < b.id ? -1 : 1));
	const [kept = webhook, ...surplus] = found;
	for (const { id } of surplus) await deleteCallWebhook(send, id);
	return kept;
}

/** Makes the one registration of the URL, or takes over what is there. Those of other URLs are left alone. */
async function registerAt(send: Send, url: string, events: string[]): Promise<CallWebhook> {
	const found = await findCallWebhooks(send, url);
	const kept = found.find((webhook) => hasEvents(webhook, events));
	for (const { id } of found.filter((webhook) => webhook !== kept)) await deleteCallWebhook(send, id);
	return kept ?? (await removeSurplus(send, await createCallWebhook(send, url, events)));
}

/** Removes what was registered for another URL or account, or for call events that are not chosen any more. */
async function removeFormer(context: IHookFunctions, account: Account, former: Registration): Promise<void> {
	try {
		await remove(context, former, account);
		forget(context);
	} catch (error) {
		warn(
			context,
			`could not remove its former registration for call events. Delete the webhook ${former.url} in the VideoSDK dashboard`,
			error as Error,
		);
	}
}

/**
 * Registers the trigger for exactly these call events, once, when it is published or listens for a test event. Without call events
 * nothing is registered, and what was is removed.
 *
 * @param names names of events; those of other families are left out
 * @throws NodeOperationError if VideoSDK cannot reach the URL, or does not register it
 */
export async function register(context: IHookFunctions, names: string[]): Promise<void> {
	const [events, url, former] = [callEventsOf(names), urlOf(context), recall(context)];
	if (events.length === 0 && former === undefined) return;
	const account = await readAccount(context);
	if (former && (events.length === 0 || former.url !== url || !isOfAccount(former, account))) {
		await removeFormer(context, account, former);
	}
	if (events.length === 0) return;
	if (isUnreachable(url) && !isUnreachable(account.baseUrl)) {
		throw new NodeOperationError(
			context.getNode(),
			`VideoSDK cannot reach this n8n instance at ${new URL(url).origin}, so no call events would arrive`,
			{
				description:
					"Give n8n a public address (N8N_WEBHOOK_URL), or deselect the call events in 'Trigger On'.",
			},
		);
	}
	try {
		keep(context, account, await registerAt(account.client(LIMITS), url, events));
	} catch (error) {
		const { message, description } = error as Error & { description?: string };
		throw new NodeOperationError(
			context.getNode(),
			`The trigger could not be registered for call events. ${message}`,
			{ description },
		);
	}
}

/**
 * Removes the registration, when the trigger is unpublished or stops listening. One that is gone is no failure.
 *
 * @throws NodeOperationError if VideoSDK does not remove it: n8n tries again, or tells the user
 */
export async function unregister(context: IHookFunctions): Promise<void> {
	const registration = recall(context);
	if (registration === undefined) return;
	try {
		await remove(context, registration, await readAccount(context));
		forget(context);
	} catch (error) {
		// The end of listening would fail for good. The next one takes the webhook over.
		if (!registration.isTest) throw new NodeOperationError(context.getNode(), error as Error);
		warn(context, 'could not remove its registration for call events', error as Error);
	}
}
