import {
	FileError,
	type FileLimits,
	type FileRequest,
	type OpenFile,
	readTextFile,
	uploadFile,
	withFile,
} from '../api/files';
import type { ItemReader } from '../fields/kit/reader';
import { fileAddressRule } from '../security/publicAddress';
import { NotSent } from './itemRequests';
import type { ItemTools } from './operation';

/** What holds for all files of an item. */
export type FileTools = Pick<ItemTools, 'credential' | 'stopSignal' | 'timeoutMs'>;

/**
 * Downloads or uploads a file: over the internet only, unless the API of the item's credential is local.
 */
async function fetchFor<T>(
	read: ItemReader,
	url: string,
	{ credential, stopSignal, timeoutMs }: FileTools,
	fetch: (file: FileRequest) => Promise<T>,
): Promise<T> {
	const { httpRequest } = read.context.helpers;
	if (stopSignal.aborted) throw new NotSent();
	const rejectionOf = fileAddressRule((await credential()).data?.baseUrl);
	return await fetch({ httpRequest, url, rejectionOf, timeoutMs, stopSignal }).catch(
		(error: Error & { description?: string | null }) => {
			const shown = read.fail(error.message, error.description ?? '');
			throw Object.assign(shown, { cause: error });
		},
	);
}

/**
 * Downloads a file for an item.
 *
 * @param use reads the content
 * @returns what `use` returns
 * @throws NodeOperationError in words for the user; `mayComeLater` says whether it may pass
 */
export async function useFile<T>(
	read: ItemReader,
	url: string,
	tools: FileTools,
	limits: FileLimits,
	use: (file: OpenFile) => Promise<T>,
): Promise<T> {
	return await fetchFor(read, url, tools, async (file) => await withFile({ ...file, ...limits }, use));
}

/** @returns a function that downloads a transcript or summary as text. It throws as `useFile` does */
export function textReader(read: ItemReader, tools: FileTools): (url: string) => Promise<string> {
	return async (url) => await fetchFor(read, url, tools, readTextFile);
}

/** Uploads a file for an item to an address that VideoSDK gave. @throws NodeOperationError in words for the user */
export async function putFile(
	read: ItemReader,
	url: string,
	tools: FileTools,
	content: Buffer,
	contentType: string,
): Promise<void> {
	await fetchFor(read, url, tools, async (file) => await uploadFile(file, content, contentType));
}

/** @returns whether an error that these functions have thrown may pass, so that the file can be downloaded later */
export function mayComeLater({ cause }: { cause?: unknown }): boolean {
	return cause instanceof FileError && cause.isPassing;
}
