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

/** A JSON object. */
export type Json = Record<string, unknown>;

/** Refuses a request. */
export function bad(message: string): never {
	throw new ApiError(400, message);
}

/** The JSON object in a POST's body; an empty one without a body, as VideoSDK's Python programs make a room. */
export function jsonObject(contentType: string | undefined, rawBody: Buffer): Json {
	if (rawBody.length === 0) return {};
	const mediaType = (contentType ?? '').split(';')[0]?.trim().toLowerCase();
	if (mediaType !== 'application/json') bad('The content type must be application/json');
	let body: unknown;
	try {
		body = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(rawBody));
	} catch {
		bad('The body is not valid JSON');
	}
	return typeof body === 'object' && body !== null && !Array.isArray(body)
		? (body as Json)
		: bad('The body must be a JSON object');
}
