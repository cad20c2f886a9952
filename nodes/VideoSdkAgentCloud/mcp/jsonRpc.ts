import { type IDataObject } from 'n8n-workflow';
import { asRecord, isRecord } from '../api/answer';

/** The ID that the sender gave a request: its answer repeats it. */
export type RequestId = string | number;

/** A message of JSON-RPC 2.0, to a server: `silent` wants no answer (a notification, or a response). */
export type Message =
	| { kind: 'request'; id: RequestId; method: string; params: IDataObject }
	| { kind: 'silent' }
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

/** Reads a message. Never throws. MCP allows neither null nor fractions as IDs, and parameters by name only. */
export function readMessage(value: unknown): Message {
	const { jsonrpc, id, method, params = {}, ...rest } = asRecord(value);
	const isId = typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id));
	const invalid = { kind: 'invalid' as const, id: isId ? id : null };
	const isResponse = 'result' in rest || 'error' in rest;
	if (jsonrpc !== '2.0') return invalid;
	if (method === undefined) return isId && isResponse ? { kind: 'silent' } : invalid;
	if (typeof method !== 'string' || isResponse) return invalid;
	if (id === undefined) return { kind: 'silent' };
	return isId && isRecord(params) ? { kind: 'request', id, method, params } : invalid;
}

/** Makes the answer to a request that was carried out. */
export function resultResponse(id: RequestId, result: IDataObject): IDataObject {
	return { jsonrpc: '2.0', id, result };
}

/** Makes the answer to what cannot be carried out. @param id null if it could not be read */
export function errorResponse(id: RequestId | null, code: number, message: string): IDataObject {
	return { jsonrpc: '2.0', id, error: { code, message } };
}
