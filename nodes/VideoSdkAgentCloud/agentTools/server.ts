import { type IDataObject } from 'n8n-workflow';
import { asRecord, isRecord } from '../api/http/responseReaders';
import { argumentProblems, cleaned, forAgents, type Schema, withoutOmitted } from './schema';

/** The ID that the sender gave a request, which the response repeats. */
export type RequestId = string | number;

/** A message of JSON-RPC 2.0 to a server. `silent`: a notification or a response, to which no one responds. */
type Message =
	| { kind: 'request'; id: RequestId; method: string; params: IDataObject }
	| { kind: 'silent' }
	| { kind: 'invalid'; id: RequestId | null };

/** Error codes of JSON-RPC 2.0. */
export const INVALID_REQUEST = -32_600;
const METHOD_NOT_FOUND = -32_601;
const INVALID_PARAMS = -32_602;
export const INTERNAL_ERROR = -32_603;
/** These two are of the range that JSON-RPC leaves to servers, as the official MCP SDK's server uses them. */
export const NOT_ALLOWED = -32_000;
export const UNAUTHORIZED = -32_001;

/** A body that is nested deeper than this is refused. */
const MAX_DEPTH = 20;

/** @returns whether a parsed JSON value has more than MAX_DEPTH levels. It doesn't use recursion, so that no body overflows the stack */
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

/** Reads a message. Never throws. MCP doesn't allow null or fractions as IDs, and only parameters by name. */
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

/** Makes the response to a request that was carried out. */
export function resultResponse(id: RequestId, result: IDataObject): IDataObject {
	return { jsonrpc: '2.0', id, result };
}

/** Makes the response to a request that can't be carried out. @param id null if the request's ID couldn't be read */
export function errorResponse(id: RequestId | null, code: number, message: string): IDataObject {
	return { jsonrpc: '2.0', id, error: { code, message } };
}

/** The versions of the Model Context Protocol that this server speaks, the newest first. */
const PROTOCOL_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26'];

/** A tool, as it's described to agents. */
export interface Tool {
	name: string;
	description: string;
	inputSchema: Schema;
}

/** The result of a tool call (CallToolResult of the Model Context Protocol). */
export interface ToolResult extends IDataObject {
	content: Array<{ type: 'text'; text: string }>;
	/** Whether the text says what went wrong. The agent reads the text either way. */
	isError: boolean;
}

/** A tool call to which the caller has to respond with `resultResponse`. Its input fits the tool's schema. */
type ToolCall = { call: { id: RequestId; input: IDataObject } };

/** Whether arguments come from an agent's own code, and count as they are. */
export type IsUnlisted = (input: IDataObject) => boolean;

/** What a request leads to: the tool is called, or this response is sent at once. */
export type Reaction = ToolCall | { status: number; body?: IDataObject };

/** Makes the result of a tool call. */
export function toolResult(text: string, isError = false): ToolResult {
	return { content: [{ type: 'text', text }], isError };
}

function refuse(id: RequestId | null, message: string): Reaction {
	return { status: 400, body: errorResponse(id, INVALID_REQUEST, message) };
}

function callTool(
	id: RequestId,
	{ name, arguments: given = {} }: IDataObject,
	tool: Tool,
	isUnlisted: IsUnlisted,
): Reaction {
	if (name !== tool.name) {
		const message = `Unknown tool: ${typeof name === 'string' ? name : ''}`;
		return { status: 200, body: errorResponse(id, INVALID_PARAMS, message) };
	}
	if (isRecord(given) && isUnlisted(given)) return { call: { id, input: given } };
	const input = withoutOmitted(tool.inputSchema, given);
	const problems = argumentProblems(tool.inputSchema, input);
	if (problems.length === 0) {
		return { call: { id, input: cleaned(tool.inputSchema, input as IDataObject) } };
	}
	const text = `The arguments aren't valid. ${problems.join(' ')} Correct them and call ${tool.name} again.`;
	return { status: 200, body: resultResponse(id, toolResult(text, true)) };
}

/**
 * Decides what the body of an MCP client's request leads to, as a stateless server with one tool (Model Context Protocol, "Streamable
 * HTTP"). Never throws.
 *
 * @param body the parsed JSON
 * @param versionHeader the header `mcp-protocol-version`, if there is one
 * @param isUnlisted returns whether arguments count although the tool's schema, which models get, doesn't have them
 */
export function reactTo(
	body: unknown,
	versionHeader: unknown,
	tool: Tool,
	isUnlisted: IsUnlisted = () => false,
): Reaction {
	if (isTooDeep(body)) return refuse(null, 'The request is nested too deep');
	if (versionHeader !== undefined && !PROTOCOL_VERSIONS.includes(versionHeader as string)) {
		const known = PROTOCOL_VERSIONS.join(', ');
		return refuse(null, `This MCP-Protocol-Version is not supported. Use one of ${known}`);
	}
	if (Array.isArray(body)) return refuse(null, 'Batches are not supported. Send one message at a time');
	const message = readMessage(body);
	if (message.kind === 'silent') return { status: 202 };
	if (message.kind === 'invalid') return refuse(message.id, 'This is not a JSON-RPC 2.0 message');
	const { id, method, params } = message;
	const answer = (result: IDataObject) => ({ status: 200, body: resultResponse(id, result) });
	const { name, description, inputSchema } = tool;
	switch (method) {
		case 'initialize': {
			const wanted = params.protocolVersion as string;
			return answer({
				protocolVersion: PROTOCOL_VERSIONS.includes(wanted) ? wanted : PROTOCOL_VERSIONS[0],
				capabilities: { tools: {} },
				serverInfo: { name, version: '1.0.0' },
			});
		}
		case 'ping':
			return answer({});
		case 'tools/list':
			return answer({ tools: [{ name, description, inputSchema: forAgents(inputSchema) }] });
		case 'tools/call':
			return callTool(id, params, tool, isUnlisted);
		default:
			return { status: 200, body: errorResponse(id, METHOD_NOT_FOUND, `Method not found: ${method}`) };
	}
}
