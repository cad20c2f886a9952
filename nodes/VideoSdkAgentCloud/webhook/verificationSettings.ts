import { type IDataObject, UserError } from 'n8n-workflow';
import { readBaseUrl, readKey, trimKey } from '../../../credentials/apiTarget';
import { CREDENTIAL_TYPE, CredentialsCache, type RequestContext } from '../api/http/credential';
import { readPublicKey } from './verify';

/**
 * Reads the settings of a credential that are needed to verify a delivery.
 *
 * @throws UserError if the pinned key or the Base URL can't be read, or there is no pinned key, and one of the keys to fetch the published
 *   one is blank
 */
export function readVerificationSettings(credential: IDataObject) {
	const baseUrl = readBaseUrl(credential.baseUrl).href;
	const pem = trimKey(credential.webhookPublicKey);
	const pinnedKey = pem === '' ? undefined : readPublicKey(pem);
	if (pem !== '' && pinnedKey === undefined) {
		throw new UserError(
			"Clear 'Webhook Public Key' in the VideoSDK Agent Cloud credential to use VideoSDK's own key. The field doesn't contain an RSA public key in PEM format.",
		);
	}
	if (pinnedKey === undefined) {
		readKey(credential.apiKey, 'API Key');
		readKey(credential.secretKey, 'Secret Key');
	}
	return {
		baseUrl,
		/** The user's own public key, which counts in place of the published one. */
		pinnedKey,
	};
}

/** What n8n says of an expression such as `{{ $json.apiKey }}` where there is no item (ExpressionError). */
const NEEDS_ITEM = /hasn.t been executed|No execution data|can.t get data for expression/i;
const EXPRESSION_ADVICE =
	"Events can't be verified, because the credential has an expression that needs an item, such as {{ $json.apiKey }}. Use a credential without one, or with {{ $vars.name }}.";

/** The credential's settings, or why they can't be read. */
export type Settings = ReturnType<typeof readVerificationSettings> | { unreadableBecause: string };

const settingsCache = new CredentialsCache(async (context) =>
	readVerificationSettings(await context.getCredentials(CREDENTIAL_TYPE)),
);

/**
 * Reads the settings of the node's credential, which are cached for a minute, after which a change counts. Never throws.
 */
export async function readSettings(context: RequestContext): Promise<Settings> {
	return await settingsCache.get(context).catch(({ message }: Error) => ({
		unreadableBecause: NEEDS_ITEM.test(message) ? EXPRESSION_ADVICE : message,
	}));
}
