import { TEXT_LIMITS, textOf } from '../api/fileStream';
import type { ItemReader } from '../fields/reader';
import type { RunTools } from './operation';
import { withFile } from './withFile';

/**
 * Makes the function by which an item reads a transcript or summary, when it is its turn.
 *
 * @param timeoutMs without a single byte
 * @param tooLargeAdvice what to do about a file that is too large
 */
export function textReader(
	read: ItemReader,
	timeoutMs: number,
	{ stopSignal, inTurn }: RunTools,
	tooLargeAdvice = TEXT_LIMITS.tooLargeAdvice,
): (url: string) => Promise<string> {
	const limits = { ...TEXT_LIMITS, tooLargeAdvice, timeoutMs, stopSignal };
	return async (url) =>
		await inTurn(async () => await withFile(read, url, limits, async ({ stream }) => await textOf(stream)));
}
