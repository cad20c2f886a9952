/** Requests: as tests find them, as the handlers of the API see them, and why they are refused. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Fault } from './faults';

declare module 'fastify' {
	interface FastifyRequest {
		recorded: RecordedRequest;
		fault: Fault | undefined;
		/** What the log says about the answer. */
		note: string | undefined;
	}
}

/** A JSON object. */
export type Json = Record<string, unknown>;

/** What the handlers of the API see of a request, which is as `test/schemas` describes it. */
export interface Call<Body = Json> {
	Params: { id: string; tag: string };
	Querystring: Record<string, string>;
	/** Empty unless the method has a body. */
	Body: Body;
}

/** A request as it came in, also a refused one. */
export interface RecordedRequest {
	method: string;
	/** Percent-decoded, without the query. */
	path: string;
	query: Record<string, string>;
	/** The request target exactly as on the wire, with the query. */
	rawPath: string;
	headers: IncomingHttpHeaders;
	rawBody: Buffer;
	/** Parsed JSON; the text if it is not JSON, or null; undefined if empty. */
	body: unknown;
	/** The token's claims, if the token was accepted. */
	claims?: Record<string, unknown>;
	receivedAtMs: number;
	/** The status answered; undefined as long as (or because) none was. */
	status?: number;
}

/** Notes a request down. */
export function record({ originalUrl: rawPath, method, headers }: FastifyRequest, rawBody: Buffer) {
	const [, path = '', search = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(rawPath) ?? [];
	return {
		method,
		path: path.split('/').map(decodeURIComponent).join('/'),
		query: Object.fromEntries(new URLSearchParams(search)),
		rawPath,
		headers,
		rawBody,
		body: parsed(rawBody.toString()) ?? (rawBody.toString() || undefined),
		receivedAtMs: Date.now(),
	};
}

/** @returns what a text holds as JSON; undefined if it is none */
export function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** An answer of the API other than success. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		message: string,
		/** For the log only. */
		readonly note?: string,
	) {
		super(message);
	}
}

/** The JSON object in a POST's body; an empty one without a body, as VideoSDK's Python programs make a room. */
export function jsonObject({ headers, body }: RecordedRequest): Json {
	if (body === undefined) return {};
	if (!/^application\/json\b/i.test(headers['content-type'] ?? ''))
		throw new ApiError(400, 'The content type must be application/json');
	if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Json;
	throw new ApiError(400, 'The body must be a JSON object');
}
