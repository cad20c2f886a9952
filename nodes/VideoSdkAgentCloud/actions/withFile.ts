import type { IExecuteFunctions } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { credentialOf } from '../api/credential';
import type { OpenFile } from '../api/files';
import { openFile } from '../api/files';
import { fileAddressRule } from '../fields/fileAddress';
import { inputError } from '../fields/inputError';

/**
 * Fetches a file for an item: from the internet only, unless the API of the item's credential is local.
 *
 * @param limits see FileRequest
 * @param use takes the content
 * @returns what `use` returns
 * @throws NodeOperationError in words for the user
 */
export async function withFile<T>(
	context: IExecuteFunctions,
	itemIndex: number,
	url: string,
	limits: { timeoutMs: number; maxSizeMb: number; stopSignal: AbortSignal },
	use: (file: OpenFile) => Promise<T>,
): Promise<T> {
	const credential = await credentialOf(context, itemIndex)();
	const rejectionOf = fileAddressRule(readBaseUrl(credential.data?.baseUrl));
	const { httpRequest } = context.helpers;
	return await openFile({ httpRequest, url, rejectionOf, ...limits })
		.then(use)
		.catch((error: Error & { description?: string | null }) => {
			throw inputError(context, error.message, error.description ?? '', itemIndex);
		});
}
