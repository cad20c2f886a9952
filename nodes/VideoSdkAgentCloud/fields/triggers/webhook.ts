import { type INodeProperties, type INodePropertyOptions } from 'n8n-workflow';
import { type SessionWebhook } from '../../api/sessions';
import { SESSION_EVENT_OPTIONS, EVENT_PREFIX } from '../../webhook/event';
import { choicesField, type Field } from '../kit/field';
import { locator } from '../kit/locators';
import { type CollectionReader, type ItemReader } from '../kit/reader';

export const webhookUrlField = locator('refused', 'Webhook URL', 'webhookUrl', {
	description: 'A published VideoSDK Agent Cloud Trigger that uses the same credential',
	list: 'Trigger',
	entered: ['By URL', 'url'],
	placeholder: 'e.g. https://n8n.example.com/webhook/.../webhook',
	enteredHint:
		"The Production URL of a published trigger. VideoSDK can't reach localhost or private addresses.",
	builderHint:
		'Leave it empty for the user to select the trigger from the list once its workflow is published. Never invent a URL, and never use a Test URL.',
});

/** The field for the events of a webhook, whose options depend on the operation. */
const webhookEventsField = choicesField('required', 'Webhook Events', 'webhookEvents', {
	options: [],
	displayOptions: { hide: { webhookUrl: [''] } },
});

/**
 * Makes the fields for the URL to which VideoSDK sends events, and for the events.
 *
 * @param kind what the events are about, such as "session"
 * @param whose the events in words, such as "this session's events"
 */
export function webhookFields(
	kind: string,
	whose: string,
	options: INodePropertyOptions[],
	chosen: string[],
): INodeProperties[] {
	return [
		{
			...webhookUrlField,
			description: `The published trigger for ${whose}. It must use the same credential.`,
			// This hint is shown for "From List". "By URL" has one of its own.
			hint: "Leave empty if you don't need events",
		},
		{
			...webhookEventsField,
			options,
			default: chosen,
			description: `The ${kind} events to send to the trigger`,
		},
	];
}

export const WEBHOOK_FIELDS = webhookFields(
	'session',
	"this session's events and those of its own room",
	SESSION_EVENT_OPTIONS,
	['started', 'stopped', 'failed'].map((name) => EVENT_PREFIX + name),
);

/**
 * Reads the field for the URL of a webhook.
 *
 * @returns the URL, or undefined if none is given
 * @throws NodeOperationError if it is not an absolute http(s) URL
 */
export function readWebhookUrl(
	read: ItemReader | CollectionReader,
	field: Field<'refused'> = webhookUrlField,
): string | undefined {
	return read.url(
		field,
		`Select a VideoSDK Agent Cloud Trigger, paste its Production URL, or leave '${field.displayName}' empty.`,
	);
}

/**
 * Reads the fields that `webhookFields` makes.
 *
 * @param eventOptions the events that can be chosen
 * @returns undefined if no URL is given
 * @throws NodeOperationError if the URL cannot be used, or no event is chosen
 */
export function readWebhook(
	read: ItemReader,
	eventOptions: INodePropertyOptions[],
): SessionWebhook | undefined {
	const endPoint = readWebhookUrl(read);
	if (endPoint === undefined) return undefined;
	return { endPoint, events: read.choices({ ...webhookEventsField, options: eventOptions }) };
}
