import { type IDataObject, UserError } from 'n8n-workflow';
import { readBaseUrl, readKey, trimKey } from '../../../credentials/apiTarget';
import { CREDENTIAL_TYPE, CredentialsCache, type RequestContext } from '../api/http/credential';
import { readPublicKey } from './verify';

/**
 * Reads of a credential what the handling of a delivery needs.
 *
 * @throws UserError if the pinned key or the Base URL cannot be read, or one of the keys is blank by which the published key is fetched
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
		/** The user's own key, which counts instead of the published one. */
		pinnedKey,
	};
}

/** The credential's settings, or why they cannot be read. */
export type Settings = ReturnType<typeof readVerificationSettings> | { unreadableBecause: string };

const kept = new CredentialsCache(async (context) =>
	readVerificationSettings(await context.getCredentials(CREDENTIAL_TYPE)),
);

/**
 * Gives the settings of the node's credential, kept for a minute: a change of the credential counts after that at the latest. Never
 * throws.
 */
export async function readSettings(context: RequestContext): Promise<Settings> {
	return await kept.get(context).catch(({ message }: Error) => ({ unreadableBecause: message }));
}
