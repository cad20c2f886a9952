import { createHash } from 'crypto';
import { type ICredentialDataDecryptedObject, type IHookFunctions } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { clientOf, type Send } from '../api/client';
import { CREDENTIAL_TYPE } from '../api/credential';

/** Which project of VideoSDK a credential leads to. Contains no secret. */
export interface AccountId {
	baseUrl: string;
	/** Of the API key, to notice a change. */
	apiKeyHash: string;
}

/** A project of VideoSDK, and how to send requests to it. */
export interface Account extends AccountId {
	/** @param baseUrl default: the credential's present one */
	client(limits: { timeoutMs: number; maxAttempts: number }, baseUrl?: string): Send;
}

/**
 * Reads the account of the node's credential.
 *
 * @throws what n8n throws if there is no such credential; UserError if its Base URL cannot be read
 */
export async function readAccount(context: IHookFunctions): Promise<Account> {
	const data: ICredentialDataDecryptedObject = await context.getCredentials(CREDENTIAL_TYPE);
	const { id, name = '' } = context.getNode().credentials?.[CREDENTIAL_TYPE] ?? {};
	const apiKey = String(data.apiKey ?? '').trim();
	return {
		baseUrl: readBaseUrl(data.baseUrl).href,
		apiKeyHash: createHash('sha256').update(apiKey).digest('hex').slice(0, 16),
		client: (limits, baseUrl) =>
			clientOf(context, {
				...limits,
				credential: async () => ({
					id: id ?? '',
					name,
					type: CREDENTIAL_TYPE,
					data: baseUrl === undefined ? data : { ...data, baseUrl },
				}),
			}),
	};
}
