import { type IDataObject } from 'n8n-workflow';

/** The ID that the sender gave a request: its answer repeats it. */
export type RequestId = string | number;

/** A message of JSON-RPC 2.0 that a server may receive, and what is not one. */
export type Message =
	| { kind: 'request'; id: RequestId; method: string; params: IDataObject }
	| { kind: 'notification' }
	| { kind: 'response' }
	| { kind: 'invalid'; id: RequestId | null };

/** Error codes of JSON-RPC 2.0. */
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
export const INTERNAL_ERROR = -32_603;
/** Of the range that JSON-RPC leaves to servers: the official SDK's server answers so, too. */
export const NOT_ALLOWED = -32_000;
export const UNAUTHORIZED = -32_001;

/** Nested deeper, a body is not looked into. */
const MAX_DEPTH = 20;

const isObject = (value: unknown): value is IDataObject =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** @returns whether a parsed JSON value has more than MAX_DEPTH levels. Uses no recursion, so that no body overflows the stack */
export function isTooDeep(value: unknown): boolean {
	let level: unknown[] = [value];
	for (let depth = 0; level.length > 0; depth++) {
		if (depth > MAX_DEPTH) return true;
		level = level.flatMap((entry) =>
			typeof entry === 'object' && entry !== null ? Object.values(entry) : [],
		);
	}
	return false;
}

/** Reads a message. Never throws. */
export function readMessage(value: unknown): Message {
	if (!isObject(value)) return { kind: 'invalid', id: null };
	const { jsonrpc, id, method, params } = value;
	const isId = typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id));
	const knownId = isId ? id : null;
	if (jsonrpc !== '2.0') return { kind: 'invalid', id: knownId };
	if (method === undefined) {
		const isResponse = isId && ('result' in value || 'error' in value);
		return isResponse ? { kind: 'response' } : { kind: 'invalid', id: knownId };
	}
	// Request and response at the same time.
	if ('result' in value || 'error' in value) return { kind: 'invalid', id: knownId };
	if (typeof method !== 'string') return { kind: 'invalid', id: knownId };
	if (!('id' in value)) return { kind: 'notification' };
	// MCP allows neither null nor fractions as IDs, and parameters by name only.
	if (!isId || (params !== undefined && !isObject(params))) return { kind: 'invalid', id: knownId };
	return { kind: 'request', id, method, params: isObject(params) ? params : {} };
}

/** Makes the answer to a request that was carried out. */
export function resultResponse(id: RequestId, result: IDataObject): IDataObject {
	return { jsonrpc: '2.0', id, result };
}

/** Makes the answer to what cannot be carried out. @param id null if it could not be read */
export function errorResponse(id: RequestId | null, code: number, message: string): IDataObject {
	return { jsonrpc: '2.0', id, error: { code, message } };
}
