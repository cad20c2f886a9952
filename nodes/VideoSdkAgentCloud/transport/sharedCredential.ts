import type { ICredentialsDecrypted, IExecuteFunctions } from 'n8n-workflow';
import { CREDENTIAL_TYPE } from './request';

/** A change of the credential counts after this time at the latest, also in a run that lasts. */
const KEPT_MS = 60_000;

/**
 * Lets the requests of a run share what the credential holds: n8n would query its database and decrypt for each request.
 *
 * @returns gives the credential, read when first asked; throws what n8n throws if there is no such credential
 */
export function sharedCredential(context: IExecuteFunctions): () => Promise<ICredentialsDecrypted> {
	let reading: Promise<ICredentialsDecrypted> | undefined;
	let untilMs = 0;
	return async () => {
		if (reading === undefined || Date.now() >= untilMs) {
			const current = context.getCredentials(CREDENTIAL_TYPE).then((data) => {
				const { id, name = '' } = context.getNode().credentials?.[CREDENTIAL_TYPE] ?? {};
				return { id: id ?? '', name, type: CREDENTIAL_TYPE, data };
			});
			reading = current;
			untilMs = Date.now() + KEPT_MS;
			// A failure is not kept: the user may be mending it this moment.
			current.catch(() => {
				if (reading === current) reading = undefined;
			});
		}
		return await reading;
	};
}
