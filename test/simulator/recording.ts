import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { RecordedRequest } from './types';

/** The bytes of a body, without those beyond the limit. */
export async function readBody(
	request: IncomingMessage,
	maxBytes: number,
): Promise<{ rawBody: Buffer; tooLarge: boolean }> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size <= maxBytes) chunks.push(chunk);
	}
	return { rawBody: Buffer.concat(chunks), tooLarge: size > maxBytes };
}

/** A request as tests find it in `requests`. */
export function record(
	{ originalUrl: rawPath, method, headers }: FastifyRequest,
	rawBody: Buffer,
): RecordedRequest {
	const [, search = ''] = /\?(.*)$/s.exec(rawPath) ?? [];
	return {
		method,
		path: pathOf(rawPath).split('/').map(decodedOrRaw).join('/'),
		query: Object.fromEntries(new URLSearchParams(search)),
		rawPath,
		headers,
		rawBody,
		body: parsedOrText(rawBody),
		receivedAtMs: Date.now(),
	};
}

/** The path of a request target, still percent-encoded. */
export function pathOf(rawPath: string): string {
	return rawPath.split('?')[0] ?? '';
}

/** False for a path with a stray percent sign. */
export function isDecodable(rawPath: string): boolean {
	try {
		decodeURIComponent(pathOf(rawPath));
		return true;
	} catch {
		return false;
	}
}

function decodedOrRaw(segment: string): string {
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment;
	}
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
