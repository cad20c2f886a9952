import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { ApiError, type Call } from './request';

/** A file to be fetched; by default two kilobytes of video. */
export interface FileInput {
	/** The last part of its URL. */
	name?: string;
	content?: Buffer | string;
	/** Of made-up content, where `content` is not given. */
	sizeBytes?: number;
	contentType?: string;
	/** How its host names it. Default: the last part of its URL */
	fileName?: string;
	/** Where a redirect leads, instead of content. */
	redirectTo?: string;
	/** Answered instead of 200 or 302. */
	status?: number;
}

const CHUNK = Buffer.alloc(64 * 1024, 'recorded ');

/** Made while it is read, so that large content costs no memory. */
function* madeUp(sizeBytes: number): Generator<Buffer> {
	for (let left = sizeBytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left);
}

/** The files of recordings and transcripts; as at a CDN, no token is asked for. */
export class Files {
	private readonly byName = new Map<string, FileInput>();

	constructor(private readonly baseUrl: () => string) {}

	/** @returns the file's URL. */
	add(file: FileInput): string {
		const name = file.name ?? `${randomUUID()}.mp4`;
		this.byName.set(name, file);
		return `${this.baseUrl()}/files/${encodeURIComponent(name)}`;
	}

	routes(app: FastifyInstance): void {
		app.get<Call>('/files/:id', (request, reply) => {
			const file = this.byName.get(request.params.id);
			if (!file) throw new ApiError(404, 'File not found');
			const { content, sizeBytes = 2048, contentType = 'video/mp4', redirectTo, status } = file;
			if (redirectTo) return reply.redirect(redirectTo, status ?? 302);
			const bytes = content === undefined ? undefined : Buffer.from(content);
			const length = String(bytes?.length ?? sizeBytes);
			const fileName = encodeURIComponent(file.fileName ?? request.params.id);
			reply.code(status ?? 200).headers({
				'content-type': contentType,
				'content-length': length,
				// As storage that is S3 or like it does.
				'content-disposition': `attachment; filename*=UTF-8''${fileName}`,
			});
			return reply.send(bytes ?? Readable.from(madeUp(sizeBytes), { objectMode: false }));
		});
	}
}
