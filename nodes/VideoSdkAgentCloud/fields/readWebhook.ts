import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { CREDENTIAL_TYPE } from '../api/credential';
import type { SessionWebhook } from '../api/sessions';
import { CONTEXT_PARAMETER, contextKey, signContext, signedLength } from '../webhook/context';
import { EVENT_OPTIONS } from './events';
import { inputError } from './inputError';
import { asText, readList } from './read';
import { readPairs } from './readKeyValue';

/** What VideoSDK takes (docs.videosdk.live, create room). */
export const MAX_URL_LENGTH = 512;

/** Stands for a trigger that "From List" does not know. No URL, so that nothing is started without events. */
export const NOT_LISTED = 'not-listed';

/** The pairs that come with each event. */
export const CONTEXT = {
	displayName: 'Context',
	pairsName: 'context',
	groupName: 'entries',
	keyName: 'key',
};

/**
 * Reads the address of a webhook.
 *
 * @param value as the field holds it
 * @returns the URL, or undefined if none is given
 * @throws NodeOperationError if it is not an absolute http(s) URL, or longer than VideoSDK takes
 */
export function asWebhookUrl(
	context: IExecuteFunctions,
	value: unknown,
	itemIndex: number,
): string | undefined {
	const url = asText(context, value, 'Webhook URL', itemIndex);
	if (url === undefined) return undefined;
	const protocol = URL.canParse(url) ? new URL(url).protocol : '';
	if (!/^https?:\/\//i.test(url) || !['http:', 'https:'].includes(protocol)) {
		throw inputError(
			context,
			"'Webhook URL' is not an absolute http or https URL",
			"Select a VideoSDK Agent Cloud Trigger, paste its Production URL, or leave 'Webhook URL' empty.",
			itemIndex,
		);
	}
	if (url.length > MAX_URL_LENGTH) {
		throw inputError(
			context,
			`'Webhook URL' has ${url.length} characters, and VideoSDK takes ${MAX_URL_LENGTH}`,
			'Use a shorter URL.',
			itemIndex,
		);
	}
	return url;
}

/** As `asWebhookUrl`, for the field of `webhookFields`. */
export function readWebhookUrl(context: IExecuteFunctions, itemIndex: number): string | undefined {
	return asWebhookUrl(context, context.getNodeParameter('webhookUrl', itemIndex, ''), itemIndex);
}

/**
 * Reads a webhook without its context.
 *
 * @param eventOptions the events that can be chosen
 * @returns the API's `webhook`, or undefined if no URL is given
 * @throws NodeOperationError if the URL cannot be used, or no event is chosen
 */
export function readWebhook(
	context: IExecuteFunctions,
	itemIndex: number,
	eventOptions: Array<{ value: string }> = EVENT_OPTIONS,
): SessionWebhook | undefined {
	const endPoint = readWebhookUrl(context, itemIndex);
	if (endPoint === undefined) return undefined;
	const events = readList(context.getNodeParameter('webhookEvents', itemIndex, []));
	if (events.length === 0) {
		throw inputError(
			context,
			"'Webhook Events' is empty although 'Webhook URL' is set",
			"Choose at least one event, or leave 'Webhook URL' empty.",
			itemIndex,
		);
	}
	const unknown = events.find((event) => !eventOptions.some(({ value }) => value === event));
	if (unknown !== undefined) {
		throw inputError(
			context,
			`'Webhook Events' contains '${unknown}', which VideoSDK does not send`,
			`Use names such as ${eventOptions[0]?.value}.`,
			itemIndex,
		);
	}
	return { endPoint, events };
}

/** @returns the URL with a query parameter more */
function withParameter(url: string, value: string): string {
	const [beforeFragment = ''] = url.split('#');
	return `${beforeFragment}${beforeFragment.includes('?') ? '&' : '?'}${CONTEXT_PARAMETER}=${value}`;
}

/** @throws NodeOperationError if the context does not fit into the URL */
function checkLength(context: IExecuteFunctions, url: string, pairs: IDataObject, itemIndex: number): void {
	const signed = signedLength(pairs);
	const length = withParameter(url, '').length + signed;
	if (length <= MAX_URL_LENGTH) return;
	// Base64 makes four characters of three bytes.
	const bytesOf = (characters: number) => Math.max(Math.floor((characters * 3) / 4), 0);
	const left = bytesOf(MAX_URL_LENGTH - withParameter(url, '').length - signedLength({}));
	throw inputError(
		context,
		`'Context' is too long: with it 'Webhook URL' has ${length} characters, and VideoSDK takes ${MAX_URL_LENGTH}`,
		`The URL leaves room for about ${left} characters of context. Shorten names and values by about ${bytesOf(length - MAX_URL_LENGTH) + 1}, or keep a key in 'Context' and the rest where the other workflow can look it up.`,
		itemIndex,
	);
}

/**
 * Reads a webhook and its context. All is checked at once; what it gives signs the context, for which the credential is read.
 *
 * @param eventOptions the events that can be chosen
 * @returns gives the API's `webhook`, whose URL carries the signed context; undefined if no URL is given
 * @throws NodeOperationError if a field cannot be used, or URL and context are longer than VideoSDK takes
 */
export function readWebhookTarget(
	context: IExecuteFunctions,
	itemIndex: number,
	eventOptions: Array<{ value: string }> = EVENT_OPTIONS,
): (() => Promise<SessionWebhook>) | undefined {
	const webhook = readWebhook(context, itemIndex, eventOptions);
	if (webhook === undefined) return undefined;
	const pairs = readPairs(context, CONTEXT, itemIndex);
	if (Object.keys(pairs).length === 0) return async () => webhook;
	if (new URL(webhook.endPoint).searchParams.has(CONTEXT_PARAMETER)) {
		throw inputError(
			context,
			`'Webhook URL' has a parameter '${CONTEXT_PARAMETER}' already`,
			"Take it out of the URL, or leave 'Context' empty.",
			itemIndex,
		);
	}
	checkLength(context, webhook.endPoint, pairs, itemIndex);
	return async () => {
		const { secretKey } = await context.getCredentials(CREDENTIAL_TYPE, itemIndex);
		const signed = signContext(pairs, contextKey(String(secretKey ?? '').trim()));
		return { ...webhook, endPoint: withParameter(webhook.endPoint, signed) };
	};
}
