import type { FastifyInstance } from 'fastify';
import type { Call } from '../request';
import { contentOf, type Files } from '../state/files';
import { ApiError } from '../validate';

/** The files of recordings and transcripts; as at a CDN, no token is asked for. */
export function fileRoutes(app: FastifyInstance, files: Files): void {
	app.get<Call>('/files/:id', (request, reply) => {
		const file = files.get(request.params.id);
		if (!file) throw new ApiError(404, 'File not found');
		const { redirectTo, contentType = 'video/mp4', status } = file;
		if (redirectTo) return reply.redirect(redirectTo, status ?? 302);
		const { stream, length } = contentOf(file);
		reply.headers({ 'content-type': contentType, 'content-length': String(length) });
		return reply.code(status ?? 200).send(stream);
	});
}
