import { type IDataObject, type IHookFunctions, type ITriggerFunctions } from 'n8n-workflow';
import { isSameUrl, type CallWebhook } from '../api/callWebhooks';
import { CALL_EVENTS, eventName } from '../webhook/event';
import { type AccountId } from './account';

/** Which node of which n8n instance made a registration. */
interface Owner {
	instanceId: string;
	workflowId: string;
	nodeId: string;
}

/**
 * What is registered at VideoSDK, as it is kept in the node's static data. n8n's public API and CLI copy static data along with a
 * workflow, so it may describe the registration of another node. Contains no secret.
 */
export interface Registration extends AccountId, Owner, IDataObject {
	webhookId: string;
	url: string;
	events: string[];
	/** Made while the trigger listens for a test event. */
	isTest: boolean;
}

/** A trigger whose call events are to be registered, as its hook reads it: enough to do it later, without the hook. */
export interface Registrant extends Owner {
	name: string;
	/** Its Production URL; its Test URL while it listens. */
	url: string;
	/** Names of call events, in one spelling and order. None: nothing is to be registered. */
	events: string[];
	/** What its static data says. */
	former?: Registration;
	/** Logs a sentence that begins with the node's name. */
	warn(sentence: string, error?: Error): void;
}

/** @returns what tells a trigger of this instance from others */
export function triggerKey(context: IHookFunctions | ITriggerFunctions): string {
	return `${context.getWorkflow().id}:${context.getNode().id}`;
}

/** @returns the call events among names of events, in one spelling and order */
function callEventsOf(names: string[]): string[] {
	const chosen = new Set(names.map(eventName));
	return CALL_EVENTS.filter((event) => chosen.has(event));
}

export const hasEvents = (webhook: { events: string[] }, events: string[]) =>
	webhook.events.length === events.length && callEventsOf(webhook.events).join() === events.join();

const ownerOf = (context: IHookFunctions): Owner => ({
	instanceId: context.getInstanceId(),
	workflowId: String(context.getWorkflow().id),
	nodeId: context.getNode().id,
});

/** @param names names of events; those of other families are left out */
export function readRegistrant(context: IHookFunctions, names: string[]): Registrant {
	const { name } = context.getNode();
	const workflowId = context.getWorkflow().id;
	return {
		...ownerOf(context),
		name,
		url: String(context.getNodeWebhookUrl('default')),
		events: callEventsOf(names),
		former: context.getWorkflowStaticData('node').callWebhook as Registration | undefined,
		warn: (sentence, error) =>
			context.logger.warn(`VideoSDK Agent Cloud: '${name}' ${sentence}`, {
				workflowId,
				reason: error?.message,
			}),
	};
}

const originOf = (url: string) => (URL.canParse(url) ? new URL(url).origin : url);

/**
 * Tells whether the trigger itself made a registration, at its present address. One of another workflow, node or instance belongs to
 * the original of a copy. One of another address may belong to a clone of this n8n instance, whose ID is the same.
 */
export function isOwn(registration: Registration, registrant: Registrant): boolean {
	return (
		registration.instanceId === registrant.instanceId &&
		registration.workflowId === registrant.workflowId &&
		registration.nodeId === registrant.nodeId &&
		originOf(registration.url) === originOf(registrant.url)
	);
}

export const isOfAccount = (registration: AccountId, account: AccountId) =>
	registration.baseUrl === account.baseUrl && registration.apiKeyHash === account.apiKeyHash;

/** @returns the webhooks of the trigger: those of its URL, and the one whose ID it keeps, should the API spell its URL otherwise */
export function ownWebhooks(webhooks: CallWebhook[], registrant: Registrant): CallWebhook[] {
	const { former, url } = registrant;
	const keptId =
		former && isOwn(former, registrant) && isSameUrl(former.url, url) ? former.webhookId : undefined;
	return webhooks.filter((webhook) => isSameUrl(webhook.url, url) || webhook.id === keptId);
}

/** Keeps a registration in the node's static data, which n8n saves after its hooks. */
export function keep(
	context: IHookFunctions,
	{ baseUrl, apiKeyHash }: AccountId,
	webhook: CallWebhook,
): void {
	const registration: Registration = {
		...ownerOf(context),
		webhookId: webhook.id,
		url: String(context.getNodeWebhookUrl('default')),
		events: callEventsOf(webhook.events),
		baseUrl,
		apiKeyHash,
		isTest: context.getMode() === 'manual',
	};
	context.getWorkflowStaticData('node').callWebhook = registration;
}

/** Takes the registration out of the node's static data. */
export function forget(context: IHookFunctions): void {
	const staticData = context.getWorkflowStaticData('node');
	if (staticData.callWebhook !== undefined) delete staticData.callWebhook;
}
