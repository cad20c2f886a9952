import { createHash } from 'crypto';
import { type IDataObject, type IHookFunctions } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { isSameUrl } from '../api/callWebhooks';
import { CREDENTIAL_TYPE } from '../api/credential';

/**
 * What is registered at VideoSDK, as it is kept in the node's static data. n8n's public API and CLI copy static data along with a
 * workflow, so it may describe the registration of another node. Contains no secret.
 */
export interface Registration extends IDataObject {
	url: string;
	/** See `Account`. */
	account: string;
	/** Made while the trigger listens for a test event. */
	isTest: boolean;
}

/** A trigger whose call events are to be registered, as its hook reads it: enough to do it later, without the hook. */
export interface Registrant {
	/** Its Production URL; its Test URL while it listens. */
	url: string;
	/** As `callEventsOf` gives them. None: nothing is to be registered. */
	events: string[];
	/** Logs a sentence that begins with the node's name. */
	warn(sentence: string, error?: Error): void;
}

/** Which project of VideoSDK a credential leads to. */
export interface Account {
	/** Tells projects apart, to notice a change. Contains no secret. */
	id: string;
	baseUrl: string;
}

/** @throws what n8n throws if there is no such credential; UserError if its Base URL cannot be read */
export async function readAccount(context: IHookFunctions): Promise<Account> {
	const { apiKey, baseUrl } = await context.getCredentials<IDataObject>(CREDENTIAL_TYPE);
	const { href } = readBaseUrl(baseUrl);
	const apiKeyHash = createHash('sha256')
		.update(String(apiKey ?? '').trim())
		.digest('hex');
	return { id: `${href} ${apiKeyHash.slice(0, 16)}`, baseUrl: href };
}

export const storedRegistration = (context: IHookFunctions) =>
	context.getWorkflowStaticData('node').callWebhook as Registration | undefined;

export function forget(context: IHookFunctions): void {
	const staticData = context.getWorkflowStaticData('node');
	if (staticData.callWebhook !== undefined) delete staticData.callWebhook;
}

/**
 * Gives the registration in the static data, if it is of the trigger's present URL and project. Any other is reported and forgotten: it
 * may belong to the original of a copy or clone, or be out of reach of the present key.
 */
export function presentRegistration(
	context: IHookFunctions,
	{ url, warn }: Registrant,
	account: Account,
): Registration | undefined {
	const stored = storedRegistration(context);
	if (stored === undefined) return undefined;
	if (!isSameUrl(stored.url, url)) {
		warn(
			`left the registration of ${stored.url} for call events alone, because it belongs to the workflow that this one was copied from, or to n8n's former URL. If nothing receives call events there anymore, delete that webhook in the VideoSDK dashboard. Its own URL is ${url}`,
		);
	} else if (stored.account !== account.id) {
		warn(
			`was registered for call events with a different API key or Base URL. If that was a different VideoSDK project, delete the webhook ${url} in that project's dashboard`,
		);
	} else {
		return stored;
	}
	forget(context);
	return undefined;
}
