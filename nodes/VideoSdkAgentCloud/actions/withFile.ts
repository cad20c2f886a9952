import { openFile, type OpenFile } from '../api/files';
import { FileError, type FileLimits, TEXT_LIMITS, textOf } from '../api/fileStream';
import type { ItemReader } from '../fields/reader';
import { fileAddressRule } from '../webhook/address';
import type { RunTools } from './operation';

/**
 * Fetches a file for an item when it is its turn: from the internet only, unless the API of the item's credential is local.
 *
 * @param use takes the content
 * @returns what `use` returns
 * @throws NodeOperationError in words for the user, see `mayComeLater`
 */
export async function withFile<T>(
	read: ItemReader,
	url: string,
	{ credential, inTurn, stopSignal, timeoutMs }: RunTools,
	limits: Omit<FileLimits, 'timeoutMs'>,
	use: (file: OpenFile) => Promise<T>,
): Promise<T> {
	const { httpRequest } = read.context.helpers;
	return await inTurn(async () => {
		const rejectionOf = fileAddressRule((await credential()).data?.baseUrl);
		return await openFile({ httpRequest, url, rejectionOf, timeoutMs, stopSignal, ...limits })
			.then(use)
			.catch((error: Error & { description?: string | null }) => {
				const shown = read.fail(error.message, error.description ?? '');
				throw Object.assign(shown, { cause: error });
			});
	});
}

/** @returns whether an error of `withFile` says that the same file may be there later */
export function mayComeLater({ cause }: { cause?: unknown }): boolean {
	return cause instanceof FileError && cause.isPassing;
}

/**
 * Makes the function by which an item reads a transcript or summary.
 *
 * @param tooLargeAdvice what to do about a file that is too large
 */
export function textReader(
	read: ItemReader,
	tools: RunTools,
	tooLargeAdvice = TEXT_LIMITS.tooLargeAdvice,
): (url: string) => Promise<string> {
	const limits = { ...TEXT_LIMITS, tooLargeAdvice };
	const use = async ({ stream }: OpenFile) => await textOf(stream);
	return async (url) => await withFile(read, url, tools, limits, use);
}
