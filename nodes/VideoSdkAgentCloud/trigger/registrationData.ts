import type { IDataObject, IHookFunctions } from 'n8n-workflow';
import type { CallWebhook } from '../api/callWebhooks';
import { CALL_EVENTS, eventName } from '../webhook/event';
import type { AccountId } from './account';

/** What is registered at VideoSDK, as it is kept in the node's static data. Holds no secret. */
export interface Registration extends AccountId, IDataObject {
	webhookId: string;
	url: string;
	events: string[];
	/** Made while the trigger listens for a test event. */
	isTest: boolean;
}

/** @returns the call events among names of events, in one spelling and order */
export function callEventsOf(names: string[]): string[] {
	const chosen = new Set(names.map(eventName));
	return CALL_EVENTS.filter((event) => chosen.has(event));
}

export const hasEvents = (webhook: { events: string[] }, events: string[]) =>
	webhook.events.length === events.length && callEventsOf(webhook.events).join() === events.join();

/** @returns what the node's static data says of its registration */
export function recall(context: IHookFunctions): Registration | undefined {
	return context.getWorkflowStaticData('node').callWebhook as Registration | undefined;
}

/** Keeps a registration in the node's static data, which n8n saves after its hooks. */
export function keep(
	context: IHookFunctions,
	{ baseUrl, apiKeyHash }: AccountId,
	webhook: CallWebhook,
): void {
	const registration: Registration = {
		webhookId: webhook.id,
		url: webhook.url,
		events: callEventsOf(webhook.events),
		baseUrl,
		apiKeyHash,
		isTest: context.getMode() === 'manual',
	};
	context.getWorkflowStaticData('node').callWebhook = registration;
}

/** Takes the registration out of the node's static data. */
export function forget(context: IHookFunctions): void {
	delete context.getWorkflowStaticData('node').callWebhook;
}
