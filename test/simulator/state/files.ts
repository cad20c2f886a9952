import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';

/** A file to be fetched; by default two kilobytes of video. */
export interface FileInput {
	/** The last part of its URL. */
	name?: string;
	content?: Buffer | string;
	/** Of made-up content, where `content` is not given. */
	sizeBytes?: number;
	contentType?: string;
	/** Where a redirect leads, instead of content. */
	redirectTo?: string;
	/** Answered instead of 200 or 302. */
	status?: number;
}

const CHUNK = Buffer.alloc(64 * 1024, 'recorded ');

/** The files of recordings and transcripts. */
export class Files {
	private readonly byName = new Map<string, FileInput>();

	constructor(private readonly baseUrl: () => string) {}

	/** @returns the file's URL. */
	add(file: FileInput): string {
		const name = file.name ?? `${randomUUID()}.mp4`;
		this.byName.set(name, file);
		return `${this.baseUrl()}/files/${encodeURIComponent(name)}`;
	}

	get(name: string): FileInput | undefined {
		return this.byName.get(name);
	}
}

/** The content of a file, made while it is read, so that large ones cost no memory. */
export function contentOf({ content, sizeBytes = 2048 }: FileInput): { stream: Readable; length: number } {
	if (content !== undefined) {
		const bytes = Buffer.from(content);
		return { stream: Readable.from([bytes], { objectMode: false }), length: bytes.length };
	}
	const chunks = function* (): Generator<Buffer> {
		for (let left = sizeBytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left);
	};
	return { stream: Readable.from(chunks(), { objectMode: false }), length: sizeBytes };
}
