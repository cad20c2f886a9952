import { type IDataObject } from 'n8n-workflow';
import { isRecord } from '../api/answer';
import { type ReadCredential, secretOf } from '../api/credential';
import { type SessionWebhook } from '../api/sessions';
import { Envelope, type SigningKey } from './envelope';

/** The query parameter of the webhook URL in which the context of an event travels. */
export const CONTEXT_PARAMETER = 'context';

/** Signs texts, numbers and booleans by name, with the credential's secret. */
export const contextEnvelope = new Envelope('1', 'n8n-nodes-videosdk-agent-cloud event context 1');

/**
 * Verifies a context and reads it. Never throws.
 *
 * @param text as it came in the URL
 * @returns its pairs; undefined if it was not written with this key
 */
export function verifyContext(text: unknown, key: SigningKey): IDataObject | undefined {
	const pairs = contextEnvelope.open(text, key);
	return isRecord(pairs) ? pairs : undefined;
}

/** Gives a webhook by the credential of the account that sends its events; undefined: none is sent. */
export type WebhookOf = (credential: ReadCredential) => Promise<SessionWebhook | undefined>;

/** @returns the URL with the query parameter for the context, whose value is to be appended */
function withParameter(url: string): string {
	const [beforeFragment = ''] = url.split('#');
	return `${beforeFragment}${beforeFragment.includes('?') ? '&' : '?'}${CONTEXT_PARAMETER}=`;
}

/** @returns how many characters a webhook URL has with its context, signed */
export function contextUrlLength(url: string, pairs: IDataObject): number {
	return withParameter(url).length + contextEnvelope.lengthOf(pairs);
}

/**
 * Puts a context into a webhook's URL, signed by the secret of the credential with which the webhook is sent.
 *
 * @param context what is to come with each of its events: texts, numbers and booleans by name. undefined: no credential is read
 */
export function withSignedContext(webhook: SessionWebhook, context: IDataObject | undefined): WebhookOf {
	return async (credential) => {
		if (context === undefined) return webhook;
		const { data } = await credential();
		const signed = contextEnvelope.seal(context, contextEnvelope.keyOf(secretOf(data)));
		return { ...webhook, endPoint: withParameter(webhook.endPoint) + signed };
	};
}
