import { type IDataObject } from 'n8n-workflow';
import {
	errorResponse,
	INVALID_PARAMS,
	INVALID_REQUEST,
	isTooDeep,
	METHOD_NOT_FOUND,
	readMessage,
	type RequestId,
	resultResponse,
} from './jsonRpc';
import { argumentProblems, type Schema, withoutOmitted } from './schema';

/** The versions of the Model Context Protocol that are spoken, the newest first. */
export const PROTOCOL_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26'];

/** What an agent learns of a tool. */
export interface Tool {
	name: string;
	description: string;
	inputSchema: Schema;
}

/** The result of a tool call, as the Model Context Protocol has it (CallToolResult). */
export interface ToolResult extends IDataObject {
	content: Array<{ type: 'text'; text: string }>;
	/** Whether the text says what went wrong: the agent reads it either way. */
	isError: boolean;
}

/** A call that is to be answered with `resultResponse`. Its input fits the tool's schema. */
export type ToolCall = { call: { id: RequestId; input: IDataObject } };

/** What is to be done with a body: answer it at once, or call the tool. */
export type Reaction = ToolCall | { status: number; body?: IDataObject };

/** Makes a result. */
export function toolResult(text: string, isError = false): ToolResult {
	return { content: [{ type: 'text', text }], isError };
}

function refuse(id: RequestId | null, message: string): Reaction {
	return { status: 400, body: errorResponse(id, INVALID_REQUEST, message) };
}

function callTool(id: RequestId, { name, arguments: given = {} }: IDataObject, tool: Tool): Reaction {
	if (name !== tool.name) {
		const message = `Unknown tool: ${typeof name === 'string' ? name : ''}`;
		return { status: 200, body: errorResponse(id, INVALID_PARAMS, message) };
	}
	const input = withoutOmitted(tool.inputSchema, given);
	const problems = argumentProblems(tool.inputSchema, input);
	if (problems.length === 0) return { call: { id, input: input as IDataObject } };
	const text = `The arguments aren't valid. ${problems.join(' ')} Correct them and call ${tool.name} again.`;
	return { status: 200, body: resultResponse(id, toolResult(text, true)) };
}

/**
 * Decides what a body of an MCP client leads to: a stateless server with one tool (Model Context Protocol, "Streamable HTTP"). Never
 * throws.
 *
 * @param body the parsed JSON
 * @param versionHeader the header `mcp-protocol-version`, if there is one
 */
export function reactTo(body: unknown, versionHeader: unknown, tool: Tool): Reaction {
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
			return answer({ tools: [{ name, description, inputSchema }] });
		case 'tools/call':
			return callTool(id, params, tool);
		default:
			return { status: 200, body: errorResponse(id, METHOD_NOT_FOUND, `Method not found: ${method}`) };
	}
}
