import { type IDataObject } from 'n8n-workflow';
import { type WebhookTarget } from '../webhook/contextUrl';
import { checkContextUrl, readContext } from './context';
import { locator } from './locators';
import { type ItemReader } from './reader';
import { readWebhookUrl } from './readWebhook';
import { readOptions } from './requestOptions';

/** Where agents that are built in VideoSDK's dashboard find the address for a call's summary (seen in other people's code only). */
export const SUMMARY_URL_ENTRY = 'webhook_url';

/** Where the summary of a call is sent. */
export const summaryWebhookUrlField = locator({
	displayName: 'Send Summary To',
	name: 'summaryWebhookUrl',
	description: `The published VideoSDK Agent Cloud Trigger that receives the call's summary and 'Context'. Works for agents that read the URL from <code>${SUMMARY_URL_ENTRY}</code> in the metadata.`,
	searchListMethod: 'searchSummaryTriggers',
	listPlaceholder: 'Select a trigger...',
	entered: ['By URL', 'url'],
	placeholder: 'e.g. https://n8n.example.com/webhook/.../webhook',
	isOptional: true,
});

/**
 * Reads `summaryWebhookUrlField`.
 *
 * @param metadata the user's own
 * @returns the trigger's URL and the context, yet to be signed; undefined if none is given
 * @throws NodeOperationError if the URL cannot be used, or the metadata has an entry of that name
 */
export function readSummaryWebhook(
	read: ItemReader,
	metadata: IDataObject | undefined,
): WebhookTarget | undefined {
	const endPoint = readWebhookUrl(readOptions(read), summaryWebhookUrlField);
	if (endPoint === undefined) return undefined;
	if (metadata !== undefined && Object.hasOwn(metadata, SUMMARY_URL_ENTRY)) {
		throw read.fail(
			`'Metadata' contains '${SUMMARY_URL_ENTRY}', but '${summaryWebhookUrlField.displayName}' already sets it`,
			`Remove the entry, or remove '${summaryWebhookUrlField.displayName}'.`,
		);
	}
	const context = readContext(read);
	if (context !== undefined) checkContextUrl(read, endPoint, context);
	return { webhook: { endPoint, events: [] }, context };
}
