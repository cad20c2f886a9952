import type { IExecuteFunctions } from 'n8n-workflow';
import type { RunTools } from './operation';
import { withFile } from './withFile';

/** More than a day of speech. */
const MAX_TEXT_SIZE_MB = 10;

/**
 * Makes the function by which an item reads a transcript or summary, when it is its turn.
 *
 * @param timeoutMs without a single byte
 */
export function textReader(
	context: IExecuteFunctions,
	itemIndex: number,
	timeoutMs: number,
	{ stopSignal, inTurn }: RunTools,
): (url: string) => Promise<string> {
	const limits = { timeoutMs, maxSizeMb: MAX_TEXT_SIZE_MB, stopSignal };
	return async (url) =>
		await inTurn(
			async () =>
				await withFile(
					context,
					itemIndex,
					url,
					limits,
					async ({ stream }) => await context.helpers.binaryToString(stream, 'utf8'),
				),
		);
}
