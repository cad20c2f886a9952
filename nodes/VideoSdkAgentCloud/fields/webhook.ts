import { type INodeProperties } from 'n8n-workflow';
import { EVENT_PREFIX } from '../webhook/event';
import { contextField, MAX_URL_LENGTH } from './context';
import { EVENT_OPTIONS } from './events';
import { locator } from './locators';

/** Stands for a trigger that "From List" does not know. No URL, so that nothing is started without events. */
export const NOT_LISTED = 'not-listed';

/** What has a webhook of its own, in the words of the fields. */
interface WebhookOwner {
	/** Such as "session". */
	thing: string;
	/** What else sends its events there. */
	also?: string;
	eventOptions: Array<{ name: string; value: string }>;
	defaultEvents: string[];
}

/** The address of a trigger. */
export const webhookUrlField = locator({
	displayName: 'Webhook URL',
	name: 'webhookUrl',
	description: 'A published VideoSDK Agent Cloud Trigger with the same credential',
	searchListMethod: 'searchTriggers',
	listPlaceholder: 'Select a trigger...',
	entered: ['By URL', 'url'],
	placeholder: 'e.g. https://n8n.example.com/webhook/.../webhook',
	enteredHint:
		'The Production URL of a published trigger. A Test URL takes one event only, and VideoSDK cannot reach localhost or private addresses.',
	isOptional: true,
	builderHint:
		'Leave it empty for the user to select the trigger from the list once its workflow is published. Never make a URL up, and never use a Test URL.',
});

/** The events of a webhook, as they are read: what can be chosen depends on its owner. */
export const webhookEventsField: INodeProperties = {
	displayName: 'Webhook Events',
	name: 'webhookEvents',
	type: 'multiOptions',
	options: [],
	default: [],
	description: 'The events to send to the Webhook URL',
	displayOptions: { hide: { webhookUrl: [''] } },
};

/** Makes the fields of a webhook: where VideoSDK sends the events of the session or room, which ones, and what comes with them. */
export function webhookFields({
	thing,
	also = '',
	eventOptions,
	defaultEvents,
}: WebhookOwner): INodeProperties[] {
	return [
		{
			...webhookUrlField,
			description: `Where VideoSDK sends the events of this ${thing}${also}: a published VideoSDK Agent Cloud Trigger with the same credential`,
			// For "From List"; By URL has its own.
			hint: 'Leave empty to send no events',
		},
		{
			displayName:
				"Publish the workflow of the trigger, then select it here. Or switch to 'By URL', and paste the Production URL that the trigger shows. The trigger must use the same credential.",
			name: 'notListedNotice',
			type: 'notice',
			default: '',
			// Without the mode, n8n would show it for any expression. The slash is for n8n 1.x, which cannot resolve `webhookUrl.mode`.
			displayOptions: { show: { '/webhookUrl.mode': ['list'], webhookUrl: [NOT_LISTED] } },
		},
		{ ...webhookEventsField, options: eventOptions, default: [...defaultEvents] },
		{
			...contextField,
			description: `What the workflow of the trigger needs to know of this ${thing}, such as a customer number: it comes with each event as <code>context</code>. It travels in the Webhook URL, which may have ${MAX_URL_LENGTH} characters in all, and VideoSDK can read it.`,
			displayOptions: { hide: { webhookUrl: [''] } },
		},
	];
}

/** Where VideoSDK sends the events of a session. */
export const WEBHOOK_FIELDS = webhookFields({
	thing: 'session',
	also: ', and all events of a room created for it',
	eventOptions: EVENT_OPTIONS,
	defaultEvents: [`${EVENT_PREFIX}started`, `${EVENT_PREFIX}stopped`, `${EVENT_PREFIX}failed`],
});
