import type { KeyObject } from 'crypto';
import type { IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import type { RequestContext } from '../api/credential';
import { CREDENTIAL_TYPE, CredentialCache, credentialId } from '../api/credential';
import { readPublicKey } from './verify';

const MAX_KEPT = 100;

/** What verification needs of a credential. Neither of the two is secret. */
export interface VerificationSettings {
	baseUrl: string;
	/** The user's own key, which counts instead of the published one. */
	pinnedKey?: KeyObject;
}

/** By credential and workflow: the credential may hold an expression such as `{{ $vars.key }}`. */
const kept = new Map<string, CredentialCache<VerificationSettings>>();

/** For tests: forgets all credentials. */
export function forgetCredentials(): void {
	kept.clear();
}

/**
 * Reads a credential's settings for verification.
 *
 * @throws UserError if the pinned key or the Base URL cannot be read
 */
export function readVerificationSettings(credential: IDataObject): VerificationSettings {
	const baseUrl = readBaseUrl(credential.baseUrl).href;
	const pem = String(credential.webhookPublicKey ?? '').trim();
	if (pem === '') return { baseUrl };
	const pinnedKey = readPublicKey(pem);
	if (pinnedKey === undefined) {
		throw new UserError(
			"'Webhook Public Key' in the VideoSDK Agent Cloud credential is not an RSA public key in PEM format. Clear the field to use the key that VideoSDK publishes.",
		);
	}
	return { baseUrl, pinnedKey };
}

/**
 * Gives the settings of the node's credential, kept for a minute: a change of the credential counts after that at the latest.
 *
 * @throws what n8n throws if there is no such credential; UserError as above
 */
export async function verificationSettings(context: RequestContext): Promise<VerificationSettings> {
	const key = `${credentialId(context)} ${context.getWorkflow().id}`;
	let cache = kept.get(key);
	if (cache === undefined) {
		if (kept.size >= MAX_KEPT) kept.delete([...kept.keys()][0] as string);
		cache = new CredentialCache();
		kept.set(key, cache);
	}
	return await cache.get(async () => readVerificationSettings(await context.getCredentials(CREDENTIAL_TYPE)));
}
