import type { FastifyRequest } from 'fastify';
import type { RecordedRequest } from './types';

/** A request as tests find it in `requests`. */
export function record(
	{ originalUrl: rawPath, method, headers }: FastifyRequest,
	rawBody: Buffer,
): RecordedRequest {
	const [, path = '', search = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(rawPath) ?? [];
	return {
		method,
		path: path.split('/').map(decodeURIComponent).join('/'),
		query: Object.fromEntries(new URLSearchParams(search)),
		rawPath,
		headers,
		rawBody,
		body: parsedOrText(rawBody),
		receivedAtMs: Date.now(),
	};
}

function parsedOrText(rawBody: Buffer): unknown {
	if (rawBody.length === 0) return undefined;
	const text = rawBody.toString('utf8');
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
}
