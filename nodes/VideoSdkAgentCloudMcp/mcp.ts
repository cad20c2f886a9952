import { type IDataObject } from 'n8n-workflow';
import { toolResult } from '../VideoSdkAgentCloud/tools/toolResult';
import { type ToolDefinition } from './definition';
import {
	errorResponse,
	INVALID_PARAMS,
	INVALID_REQUEST,
	type Message,
	METHOD_NOT_FOUND,
	readMessage,
	type RequestId,
	resultResponse,
} from './jsonRpc';
import { argumentProblems } from './schema';

/** The versions of the Model Context Protocol that are spoken, the newest first: those of the official SDK 1.26.0. */
export const PROTOCOL_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'];
/** Of a client that sends no version, see "Protocol Version Header" in the specification. Only such a client may send batches. */
const VERSION_WITHOUT_HEADER = '2025-03-26';

/** A tool call whose arguments fit. */
export interface ToolCall {
	id: RequestId;
	input: IDataObject;
	/** Makes the body of the answer. */
	toBody(result: IDataObject): unknown;
}

/** What is to be done with a body: answer it at once, or start an execution. */
export type Reaction = { status: number; body?: unknown } | { call: ToolCall };

/** What a message leads to: an answer, nothing, or a call. */
type Step = { answer: IDataObject } | { call: Pick<ToolCall, 'id' | 'input'> } | undefined;

function callTool(id: RequestId, params: IDataObject, tool: ToolDefinition): Step {
	if (params.name !== tool.name) {
		return {
			answer: errorResponse(
				id,
				INVALID_PARAMS,
				`Unknown tool: ${typeof params.name === 'string' ? params.name : ''}`,
			),
		};
	}
	const input = params.arguments ?? {};
	const problems = argumentProblems(tool.inputSchema, input);
	if (problems.length === 0) return { call: { id, input: input as IDataObject } };
	const text = `The arguments aren't valid. ${problems.join(' ')} Correct them and call ${tool.name} again.`;
	return { answer: resultResponse(id, toolResult(text, true)) };
}

function react(message: Message, tool: ToolDefinition): Step {
	if (message.kind === 'notification' || message.kind === 'response') return undefined;
	if (message.kind === 'invalid') {
		return { answer: errorResponse(message.id, INVALID_REQUEST, 'This is not a JSON-RPC 2.0 message') };
	}
	const { id, method, params } = message;
	switch (method) {
		case 'initialize': {
			const wanted = params.protocolVersion as string;
			return {
				answer: resultResponse(id, {
					protocolVersion: PROTOCOL_VERSIONS.includes(wanted) ? wanted : PROTOCOL_VERSIONS[0],
					capabilities: { tools: {} },
					serverInfo: { name: tool.name, version: '1.0.0' },
				}),
			};
		}
		case 'ping':
			return { answer: resultResponse(id, {}) };
		case 'tools/list': {
			const { name, description, inputSchema } = tool;
			return { answer: resultResponse(id, { tools: [{ name, description, inputSchema }] }) };
		}
		case 'tools/call':
			return callTool(id, params, tool);
		default:
			return { answer: errorResponse(id, METHOD_NOT_FOUND, `Method not found: ${method}`) };
	}
}

function reactToBatch(messages: unknown[], tool: ToolDefinition): Reaction {
	const answers: IDataObject[] = [];
	let call: Pick<ToolCall, 'id' | 'input'> | undefined;
	for (const value of messages) {
		const step = react(readMessage(value), tool);
		if (step === undefined) continue;
		if ('answer' in step) answers.push(step.answer);
		else if (call === undefined) call = step.call;
		else
			answers.push(errorResponse(step.call.id, INVALID_REQUEST, 'A batch can contain only one tools/call'));
	}
	if (call !== undefined) {
		const { id } = call;
		return { call: { ...call, toBody: (result) => [...answers, resultResponse(id, result)] } };
	}
	return answers.length === 0 ? { status: 202 } : { status: 200, body: answers };
}

/**
 * Decides what a body of an MCP client leads to (Model Context Protocol, "Streamable HTTP"). Never throws.
 *
 * @param body the parsed JSON
 * @param versionHeader the header `mcp-protocol-version`, if there is one
 */
export function reactTo(body: unknown, versionHeader: unknown, tool: ToolDefinition): Reaction {
	const version = versionHeader ?? VERSION_WITHOUT_HEADER;
	if (!PROTOCOL_VERSIONS.includes(version as string)) {
		const known = PROTOCOL_VERSIONS.join(', ');
		const message = `This MCP-Protocol-Version is not supported. Use one of ${known}`;
		return { status: 400, body: errorResponse(null, INVALID_REQUEST, message) };
	}
	if (Array.isArray(body)) {
		if (version === VERSION_WITHOUT_HEADER && body.length > 0) return reactToBatch(body, tool);
		const message = body.length > 0 ? "This protocol version doesn't support batches" : 'The batch is empty';
		return { status: 400, body: errorResponse(null, INVALID_REQUEST, message) };
	}
	const message = readMessage(body);
	const step = react(message, tool);
	if (step === undefined) return { status: 202 };
	if ('answer' in step) return { status: message.kind === 'invalid' ? 400 : 200, body: step.answer };
	const { id } = step.call;
	return { call: { ...step.call, toBody: (result) => resultResponse(id, result) } };
}
