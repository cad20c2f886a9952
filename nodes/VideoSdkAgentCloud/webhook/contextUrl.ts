import { type ICredentialsDecrypted, type IDataObject } from 'n8n-workflow';
import { type SessionWebhook } from '../api/sessions';
import { CONTEXT_PARAMETER, contextKey, signContext, signedLength } from './context';

/** A webhook, and what is to come with each of its events: texts, numbers and booleans by name. */
export interface WebhookTarget {
	webhook: SessionWebhook;
	context?: IDataObject;
}

/** @returns the URL with the query parameter for the context, whose value is to be appended */
function withParameter(url: string): string {
	const [beforeFragment = ''] = url.split('#');
	return `${beforeFragment}${beforeFragment.includes('?') ? '&' : '?'}${CONTEXT_PARAMETER}=`;
}

/** @returns how many characters a webhook URL has with its context, signed */
export function contextUrlLength(url: string, pairs: IDataObject): number {
	return withParameter(url).length + signedLength(pairs);
}

/**
 * Puts a webhook's context into its URL, signed by the secret of the credential with which the webhook is sent.
 *
 * @param credential gives the item's credential, see `credentialOf`; not called if there is no context
 */
export async function withSignedContext(
	target: WebhookTarget | undefined,
	credential: () => Promise<ICredentialsDecrypted>,
): Promise<SessionWebhook | undefined> {
	if (target?.context === undefined) return target?.webhook;
	const { webhook, context } = target;
	const { data } = await credential();
	const signed = signContext(context, contextKey(String(data?.secretKey ?? '').trim()));
	return { ...webhook, endPoint: withParameter(webhook.endPoint) + signed };
}
