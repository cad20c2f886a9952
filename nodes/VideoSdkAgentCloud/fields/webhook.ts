import { type INodeProperties } from 'n8n-workflow';
import { choicesField } from './field';
import { EVENT_PREFIX } from '../webhook/event';
import { EVENT_OPTIONS, type EventOption } from './events';
import { locator } from './locators';

/** The value of "Not listed?". It isn't a URL, so nothing is started without its events. */
export const NOT_LISTED = 'not-listed';

/** The address of a trigger. */
export const webhookUrlField = locator('refused', 'Webhook URL', 'webhookUrl', {
	description: 'A published VideoSDK Agent Cloud Trigger that uses the same credential',
	searchListMethod: 'searchTriggers',
	listPlaceholder: 'Select a trigger...',
	entered: ['By URL', 'url'],
	placeholder: 'e.g. https://n8n.example.com/webhook/.../webhook',
	enteredHint:
		"The Production URL of a published trigger. VideoSDK can't reach localhost or private addresses.",
	builderHint:
		'Leave it empty for the user to select the trigger from the list once its workflow is published. Never invent a URL, and never use a Test URL.',
});

/** The events of a webhook, as they are read: what can be chosen depends on its owner. */
export const webhookEventsField = choicesField('required', 'Webhook Events', 'webhookEvents', {
	options: [],
	description: 'The events to send to the trigger',
	displayOptions: { hide: { webhookUrl: [''] } },
});

/**
 * Makes the fields of a webhook: where VideoSDK sends events, and which ones.
 *
 * @param whose such as "this session's events"
 */
export function webhookFields(whose: string, options: EventOption[], chosen: string[]): INodeProperties[] {
	return [
		{
			...webhookUrlField,
			description: `The published trigger for ${whose}. It must use the same credential.`,
			// For "From List"; By URL has its own.
			hint: "Leave empty if you don't need events",
		},
		{ ...webhookEventsField, options, default: chosen },
	];
}

/** Where VideoSDK sends the events of a session. */
export const WEBHOOK_FIELDS = webhookFields(
	"this session's events and those of its own room",
	EVENT_OPTIONS,
	['started', 'stopped', 'failed'].map((name) => EVENT_PREFIX + name),
);
