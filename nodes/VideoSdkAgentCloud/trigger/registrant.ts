import { createHash } from 'crypto';
import { type IDataObject, type IHookFunctions } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { CREDENTIAL_TYPE } from '../api/credential';
import { isUnreachable } from '../webhook/address';
import { callEventsOf } from '../webhook/eventNames';

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

/** @param names names of events; those of other families are left out */
export function readRegistrant(context: IHookFunctions, names: string[]): Registrant {
	const { name } = context.getNode();
	const workflowId = context.getWorkflow().id;
	return {
		url: String(context.getNodeWebhookUrl('default')),
		events: callEventsOf(names),
		warn: (sentence, error) =>
			context.logger.warn(`VideoSDK Agent Cloud: '${name}' ${sentence}`, {
				workflowId,
				reason: error?.message,
			}),
	};
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

/** @returns whether VideoSDK cannot reach the trigger. An API at a local address, such as a simulator, may. */
export function isUnreachableFrom({ url }: Registrant, baseUrl: string): boolean {
	return isUnreachable(url) && !isUnreachable(baseUrl);
}

/** Logs that no event of a session or room can arrive: their URLs are not registered anywhere. A tunnel may change that. */
export function warnIfUnreachable(registrant: Registrant, baseUrl: string): void {
	if (!isUnreachableFrom(registrant, baseUrl)) return;
	registrant.warn(
		`has the URL ${registrant.url}. VideoSDK can't reach it from the internet, so no events will arrive. Give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL)`,
	);
}
