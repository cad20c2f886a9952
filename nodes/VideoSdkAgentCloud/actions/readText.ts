import type { ItemReader } from '../fields/reader';
import type { RunTools } from './operation';
import { withFile } from './withFile';

/** More than a day of speech. */
const MAX_TEXT_SIZE_MB = 10;
const TOO_LARGE_ADVICE = 'Get the file with Recording: Download instead.';

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
	tooLargeAdvice = TOO_LARGE_ADVICE,
): (url: string) => Promise<string> {
	const limits = { timeoutMs, maxSizeMb: MAX_TEXT_SIZE_MB, tooLargeAdvice, stopSignal };
	return async (url) =>
		await inTurn(
			async () =>
				await withFile(
					read,
					url,
					limits,
					async ({ stream }) => await read.context.helpers.binaryToString(stream, 'utf8'),
				),
		);
}
