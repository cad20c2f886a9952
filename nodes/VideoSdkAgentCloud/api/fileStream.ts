import type { BinaryHelperFunctions } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';
import { pause } from './pause';

/** The type has no name that may be imported: 'stream' is not allowed in a node. */
export type FileStream = Exclude<Parameters<BinaryHelperFunctions['prepareBinaryData']>[0], Buffer>;

export const BYTES_PER_MB = 1_000_000;
/** How often it is checked whether a file still comes. */
const WATCH_INTERVAL_MS = 1_000;

/** What is asked of a file while it comes. */
export interface StreamLimits {
	/** Named in errors. */
	host: string;
	/** 0: not known. */
	expectedBytes: number;
	maxSizeMb: number;
	/** Without a single byte, in ms. */
	timeoutMs: number;
	stopSignal: AbortSignal;
	/** Ends the request. */
	abort: () => void;
}

/** @param size in bytes, if it is known */
export function tooLarge(maxSizeMb: number, size?: number): UserError {
	const actual = size === undefined ? '' : `: it has ${Math.ceil(size / BYTES_PER_MB)} MB`;
	return new UserError(`The file is larger than ${maxSizeMb} MB${actual}`, {
		description: "Raise 'Max File Size' under 'Options' if n8n has the memory or disk space for it.",
	});
}

/**
 * Watches over what a stream is waited for. (n8n 2.41 hands an answer over as a stream of its own, which does not learn of the
 * request's time limit, and does not let itself be destroyed while it waits.)
 *
 * @returns `waitFor` rejects when it takes too long or the execution was stopped; `end` ends the watch
 */
function watchOver({ timeoutMs, stopSignal }: StreamLimits) {
	let sinceMs: number | undefined;
	let isOver = false;
	let giveUp: (error: Error) => void;
	const givenUp = new Promise<never>((_resolve, reject) => {
		giveUp = reject;
	});
	const watch = async () => {
		while (!isOver) {
			const idleMs = sinceMs === undefined ? 0 : Date.now() - sinceMs;
			if (sinceMs !== undefined && (idleMs >= timeoutMs || stopSignal.aborted)) {
				return giveUp(new Error('Nothing more came'));
			}
			await pause(Math.min(timeoutMs - idleMs, WATCH_INTERVAL_MS));
		}
	};
	void watch();
	return {
		async waitFor<T>(promise: Promise<T>): Promise<T> {
			sinceMs = Date.now();
			const result = await Promise.race([promise, givenUp]);
			sinceMs = undefined;
			return result;
		},
		end() {
			isOver = true;
		},
	};
}

/**
 * Lets a stream through as long as it is small enough, and wanted.
 *
 * @returns a stream that fails with a UserError if the file is too large, does not come whole, or stands still
 */
export function bounded(
	stream: FileStream,
	limits: StreamLimits,
): { stream: FileStream; receivedBytes: () => number } {
	const { host, expectedBytes, maxSizeMb, abort } = limits;
	const incomplete = () =>
		new UserError(`${host} sent only a part of the file`, {
			description: "Try again later, or raise 'Timeout' under 'Options' if the host is slow.",
		});
	let received = 0;
	async function* chunks(): AsyncGenerator<Buffer> {
		const iterator = stream[Symbol.asyncIterator]();
		const { waitFor, end } = watchOver(limits);
		let isWhole = false;
		try {
			for (;;) {
				const { done, value } = await waitFor<IteratorResult<Buffer>>(iterator.next());
				if (done) break;
				received += value.length;
				if (received > maxSizeMb * BYTES_PER_MB) throw tooLarge(maxSizeMb);
				yield value;
			}
			isWhole = received >= expectedBytes;
		} catch (error) {
			throw error instanceof UserError ? error : incomplete();
		} finally {
			end();
			if (!isWhole) abort();
		}
		if (!isWhole) throw incomplete();
	}
	// The class itself cannot be imported.
	const { from } = stream.constructor as unknown as {
		from: (chunks: AsyncIterable<Buffer>, options: { objectMode: boolean }) => FileStream;
	};
	return { stream: from(chunks(), { objectMode: false }), receivedBytes: () => received };
}
