import { type IHookFunctions, NodeOperationError } from 'n8n-workflow';
import {
	type CallWebhook,
	createCallWebhook,
	deleteCallWebhook,
	findCallWebhooks,
	isSameUrl,
	listCallWebhooks,
} from '../api/callWebhooks';
import { type Send } from '../api/client';
import { isUnreachable } from '../webhook/address';
import { type Account, readAccount } from './account';
import { isTakenByAnother } from './knownTriggers';
import {
	forget,
	hasEvents,
	isOfAccount,
	isOwn,
	keep,
	ownWebhooks,
	type Registrant,
	type Registration,
} from './ownership';

/** n8n itself tries several times to publish (2.x), or the user does. */
const LIMITS = { timeoutMs: 10_000, maxAttempts: 2 };

/** @returns whether VideoSDK cannot reach the trigger. An API at a local address, such as a simulator, may. */
export function isUnreachableFrom({ url }: Registrant, { baseUrl }: { baseUrl: string }): boolean {
	return isUnreachable(url) && !isUnreachable(baseUrl);
}

/** Logs that no event of a session or room can arrive: their URLs are not registered anywhere. A tunnel may change that. */
export function warnIfUnreachable(registrant: Registrant, baseUrl: string): void {
	const { url, warn } = registrant;
	if (!isUnreachableFrom(registrant, { baseUrl })) return;
	warn(
		`has the URL ${url}. VideoSDK can't reach it from the internet, so no events will arrive. Give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL)`,
	);
}

/**
 * Makes the trigger's registration right: one webhook for its URL and events. Those of other URLs are left alone.
 *
 * @param webhooks all webhooks of the project
 * @returns what the project has afterwards, and the trigger's webhook, which is `created` if there was none
 */
export async function settle(
	send: Send,
	webhooks: CallWebhook[],
	registrant: Registrant,
): Promise<{ webhooks: CallWebhook[]; webhook: CallWebhook; isCreated: boolean }> {
	// Two processes of n8n that have registered the trigger at the same time both keep the same one.
	const own = ownWebhooks(webhooks, registrant).sort((a, b) => (a.id < b.id ? -1 : 1));
	const kept = own.find((webhook) => hasEvents(webhook, registrant.events));
	for (const { id } of own.filter((webhook) => webhook !== kept)) await deleteCallWebhook(send, id);
	const others = webhooks.filter((webhook) => !own.includes(webhook));
	const webhook = kept ?? (await createCallWebhook(send, registrant.url, registrant.events));
	return { webhooks: [...others, webhook], webhook, isCreated: kept === undefined };
}

async function removeAll(send: Send, webhooks: CallWebhook[], alsoId?: string): Promise<void> {
	for (const id of new Set([...(alsoId ? [alsoId] : []), ...webhooks.map((webhook) => webhook.id)])) {
		await deleteCallWebhook(send, id);
	}
}

/**
 * Removes a registration that the trigger made with other settings or for another URL, with the present API key.
 *
 * @throws NodeApiError if VideoSDK does not do it
 */
async function removeFormer(account: Account, former: Registration, { warn }: Registrant): Promise<void> {
	const { webhookId, url, baseUrl, apiKeyHash } = former;
	const isSameKey = apiKeyHash === account.apiKeyHash;
	// What the key signs goes only to hosts for which the user has entered it.
	if (isSameKey || baseUrl === account.baseUrl) {
		const send = account.client(LIMITS, baseUrl);
		const removed = findCallWebhooks(send, url).then(
			async (webhooks) => await removeAll(send, webhooks, webhookId),
		);
		await (isSameKey ? removed : removed.catch(() => undefined));
	}
	if (!isSameKey) warnOfOtherKey(former, warn);
}

function warnOfOtherKey({ url }: Registration, warn: Registrant['warn']): void {
	warn(
		`was registered for call events with a different API key. If that key belongs to a different VideoSDK project, delete the webhook ${url} in that project's dashboard`,
	);
}

/** Logs what to do about a registration that may be of another trigger, and is left alone. */
function leaveAlone({ url }: Registration, { warn, url: ownUrl }: Registrant): void {
	warn(
		`doesn't touch the registration of ${url} for call events, because it belongs to the workflow that this one was copied from, or to n8n's former URL. If nothing receives call events there anymore, delete that webhook in the VideoSDK dashboard. Its own URL is ${ownUrl}`,
	);
}

/** @returns the registration in the static data, if it is the trigger's own. Any other is reported and forgotten. */
function ownFormer(context: IHookFunctions, registrant: Registrant): Registration | undefined {
	const { former } = registrant;
	if (former === undefined || isOwn(former, registrant)) return former;
	leaveAlone(former, registrant);
	forget(context);
	return undefined;
}

/**
 * Forgets a registration that is not to be found at VideoSDK for the trigger's present URL and account, without a request. For the
 * start of n8n, when nothing may be awaited.
 */
export function forgetFormer(context: IHookFunctions, registrant: Registrant, account: Account): void {
	const own = ownFormer(context, registrant);
	if (own === undefined || isOfAccount(own, account)) return;
	warnOfOtherKey(own, registrant.warn);
	forget(context);
}

/**
 * Registers the trigger for exactly its call events, once, when it is published or listens for a test event. Without call events
 * nothing is registered, and what was is removed.
 *
 * @throws NodeOperationError if VideoSDK cannot reach the URL, or does not register it
 */
export async function register(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const { events, url, warn } = registrant;
	const own = ownFormer(context, registrant);
	if (events.length === 0 && own === undefined) return;
	const account = await readAccount(context);
	if (own && (events.length === 0 || !isSameUrl(own.url, url) || !isOfAccount(own, account))) {
		try {
			await removeFormer(account, own, registrant);
			forget(context);
		} catch (error) {
			warn(
				`couldn't remove its former registration for call events. Delete the webhook ${own.url} in the VideoSDK dashboard`,
				error as Error,
			);
		}
	}
	if (events.length === 0) return;
	if (isUnreachableFrom(registrant, account)) {
		throw new NodeOperationError(
			context.getNode(),
			// Of a failed publication the editor shows the message only, so what to do comes first.
			`To receive call events, give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL), because VideoSDK can't reach it at ${new URL(url).origin}`,
			{ description: "Or deselect the call events in 'Trigger On'." },
		);
	}
	const send = account.client(LIMITS);
	try {
		const first = await settle(send, await listCallWebhooks(send), registrant);
		const last = first.isCreated ? await settle(send, await listCallWebhooks(send), registrant) : first;
		keep(context, account, last.webhook);
	} catch (error) {
		const { message, description } = error as Error & { description?: string };
		throw new NodeOperationError(
			context.getNode(),
			`Check the credential, or publish again later. VideoSDK can't send call events to this trigger yet. ${message}`,
			{ description },
		);
	}
}

/**
 * Removes the registration, when the trigger is unpublished or stops listening: that of its URL, and the one that it keeps. One that
 * is gone is no failure.
 *
 * @throws NodeOperationError if VideoSDK does not remove what the trigger keeps: n8n tries again, or tells the user
 */
export async function unregister(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const own = ownFormer(context, registrant);
	if (own === undefined && registrant.events.length === 0) return;
	// n8n 1.x also calls this for an imported copy that it refuses to publish because the original has the same URL.
	if (own === undefined && isTakenByAnother(context, registrant.url)) return;
	try {
		const account = await readAccount(context);
		const isPresent = own && isSameUrl(own.url, registrant.url) && isOfAccount(own, account);
		if (own && !isPresent) await removeFormer(account, own, registrant);
		// A check at a start of n8n may have made another one, without a trace in the static data.
		const send = account.client(LIMITS);
		const removed = listCallWebhooks(send).then(
			async (webhooks) =>
				await removeAll(send, ownWebhooks(webhooks, registrant), isPresent ? own.webhookId : undefined),
		);
		await (own && !isPresent ? removed.catch(() => undefined) : removed);
		forget(context);
	} catch (error) {
		// The end of listening would fail for ever, and a failed publication would leave n8n's own webhook behind.
		if (own && !own.isTest) throw new NodeOperationError(context.getNode(), error as Error);
		registrant.warn(
			`couldn't look for a registration for call events. If there is one, delete the webhook ${registrant.url} in the VideoSDK dashboard`,
			error as Error,
		);
	}
}
