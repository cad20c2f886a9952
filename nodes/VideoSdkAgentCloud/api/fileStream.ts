import { sleep, UserError, type BinaryHelperFunctions } from 'n8n-workflow';

/** The type has no name that may be imported: 'stream' is not allowed in a node. */
export type FileStream = Exclude<Parameters<BinaryHelperFunctions['prepareBinaryData']>[0], Buffer>;

export const BYTES_PER_MB = 1_000_000;
/** How often it is checked whether a file still comes. */
const CHECK_INTERVAL_MS = 1_000;

/** Why a file could not be fetched, in words for the user. */
export class FileError extends UserError {
	/** @param isPassing whether the same file may be there later */
	constructor(
		message: string,
		description: string,
		readonly isPassing = false,
	) {
		super(message, { description });
	}
}

/** What a file may take. */
export interface FileLimits {
	/** Without a single byte, in ms. */
	timeoutMs: number;
	maxSizeMb: number;
	/** What to do about a file that is too large. */
	tooLargeAdvice: string;
}

/** For a transcript or summary: more than a day of speech. */
export const TEXT_LIMITS = {
	maxSizeMb: 10,
	tooLargeAdvice: 'Get the file with Recording: Download instead.',
};

/** @param sizeBytes if it is known */
export function tooLarge({ maxSizeMb, tooLargeAdvice }: FileLimits, sizeBytes?: number): FileError {
	const actual = sizeBytes === undefined ? '' : ` (it's ${Math.ceil(sizeBytes / BYTES_PER_MB)} MB)`;
	return new FileError(`The file is larger than ${maxSizeMb} MB${actual}`, tooLargeAdvice);
}

/**
 * Lets a file through while it is small enough and its host keeps sending. What n8n needs to store it is not the host's time.
 *
 * Nothing here may keep a promise for as long as the file takes: `Promise.race` with such a one keeps each chunk until the end.
 *
 * @param host named in errors
 * @param abort ends the request, so that `body` fails
 * @returns a stream that fails with a FileError if the file is too large, does not come whole, or no longer comes
 */
export function bounded(
	body: FileStream,
	host: string,
	limits: FileLimits,
	abort: () => void,
): { stream: FileStream; receivedBytes: () => number } {
	let received = 0;
	/** undefined: n8n is storing what has come. */
	let waitingSinceMs: number | undefined;
	let isOver = false;
	const abortWhenSilent = async () => {
		while (!isOver) {
			const leftMs = (waitingSinceMs ?? Date.now()) + limits.timeoutMs - Date.now();
			if (leftMs <= 0) return abort();
			await sleep(Math.min(leftMs, CHECK_INTERVAL_MS));
		}
	};
	const incomplete = () =>
		new FileError(
			`${host} sent only part of the file`,
			"Try again later, or raise 'Timeout' under 'Options' if the host is slow.",
			true,
		);
	async function* chunks(): AsyncGenerator<Buffer> {
		waitingSinceMs = Date.now();
		void abortWhenSilent();
		let isWhole = false;
		try {
			for await (const chunk of body as AsyncIterable<Buffer>) {
				waitingSinceMs = undefined;
				received += chunk.length;
				if (received > limits.maxSizeMb * BYTES_PER_MB) throw tooLarge(limits);
				yield chunk;
				waitingSinceMs = Date.now();
			}
			isWhole = true;
		} catch (error) {
			throw error instanceof FileError ? error : incomplete();
		} finally {
			isOver = true;
			if (!isWhole) abort();
		}
	}
	// The class itself cannot be imported.
	const { from } = body.constructor as unknown as {
		from: (chunks: AsyncIterable<Buffer>, options: { objectMode: boolean }) => FileStream;
	};
	return { stream: from(chunks(), { objectMode: false }), receivedBytes: () => received };
}

/** Reads a stream of UTF-8 text to its end, without a byte order mark. */
export async function textOf(stream: FileStream): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
	return Buffer.concat(chunks)
		.toString('utf8')
		.replace(/^\uFEFF/, '');
}
