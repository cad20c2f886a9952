import { type INodePropertyOptions } from 'n8n-workflow';
import { type Field } from './field';
import { type WebhookTarget } from '../webhook/context';
import { checkContextUrl, MAX_URL_LENGTH, readContext } from './context';
import { type CollectionReader, type ItemReader } from './reader';
import { readOptions } from './requestOptions';
import { webhookEventsField, webhookUrlField } from './webhook';

/**
 * Reads the address of a webhook.
 *
 * @returns the URL, or undefined if none is given
 * @throws NodeOperationError if it is not an absolute http(s) URL, or longer than VideoSDK takes
 */
export function readWebhookUrl(
	read: ItemReader | CollectionReader,
	field: Field<'refused'> = webhookUrlField,
): string | undefined {
	const url = read.text(field);
	if (url === undefined) return undefined;
	const protocol = URL.canParse(url) ? new URL(url).protocol : '';
	if (!/^https?:\/\//i.test(url) || !['http:', 'https:'].includes(protocol)) {
		throw read.fail(
			`'${field.displayName}' must be a URL that starts with https:// or http://`,
			`Select a VideoSDK Agent Cloud Trigger, paste its Production URL, or leave '${field.displayName}' empty.`,
		);
	}
	if (url.length > MAX_URL_LENGTH) {
		throw read.fail(
			`'${field.displayName}' is ${url.length} characters long, but VideoSDK allows at most ${MAX_URL_LENGTH}`,
			'Use a shorter URL.',
		);
	}
	return url;
}

/**
 * Reads the fields that `webhookFields` makes.
 *
 * @param eventOptions the events that can be chosen
 * @returns the webhook and its context, yet to be signed by `withSignedContext`; undefined if no URL is given
 * @throws NodeOperationError if the URL cannot be used, no event is chosen, or URL and context are longer than VideoSDK takes
 */
export function readWebhook(
	read: ItemReader,
	eventOptions: INodePropertyOptions[],
): WebhookTarget | undefined {
	const context = readContext(readOptions(read));
	const endPoint = readWebhookUrl(read);
	if (endPoint === undefined) return undefined;
	const events = read.choices({ ...webhookEventsField, options: eventOptions });
	if (context !== undefined) checkContextUrl(read, endPoint, context);
	return { webhook: { endPoint, events }, context };
}
