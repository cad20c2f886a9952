import type { KeyObject } from 'crypto';
import type { IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import type { RequestContext } from '../transport/request';
import { CREDENTIAL_TYPE, credentialId } from '../transport/request';
import { readPublicKey } from './verify';

/** Reading a credential costs n8n a database query and a decryption, so what it says is kept for this time. */
const KEPT_MS = 60_000;
const MAX_KEPT = 100;

/** What the trigger needs of a credential. Neither of the two is secret. */
export interface VerificationSettings {
	baseUrl: string;
	/** The user's own key, which counts instead of the published one. */
	pinnedKey?: KeyObject;
}

const kept = new Map<string, { untilMs: number; settings: Promise<VerificationSettings> }>();

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
			'"Webhook Public Key" in the VideoSDK Agent Cloud credential is not an RSA public key in PEM form. Empty the field to use the key that VideoSDK publishes.',
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
	const id = credentialId(context);
	const entry = kept.get(id);
	if (entry !== undefined && Date.now() < entry.untilMs) return await entry.settings;
	const settings = context.getCredentials(CREDENTIAL_TYPE).then(readVerificationSettings);
	if (kept.size >= MAX_KEPT) kept.delete([...kept.keys()][0] as string);
	kept.set(id, { untilMs: Date.now() + KEPT_MS, settings });
	// A failure is not kept: the user may be mending it this moment.
	settings.catch(() => {
		if (kept.get(id)?.settings === settings) kept.delete(id);
	});
	return await settings;
}
