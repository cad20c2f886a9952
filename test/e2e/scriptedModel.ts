import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { N8nRest } from '../n8n/rest';

/** What a model was asked: the part of OpenAI's chat completions request that matters here. */
export interface ModelRequest {
	model: string;
	messages: Array<{
		role: string;
		content?: unknown;
		tool_calls?: Array<{ function: { name: string; arguments: string } }>;
	}>;
	tools?: Array<{ function: { name: string } }>;
	stream?: boolean;
}

interface ToolCall {
	tool: string;
	arguments: object;
}

/** One answer of a model: the call of a tool, or of several, or its last words. */
type Message = ToolCall | { calls: ToolCall[] } | { text: string };
/** What a model answers; null: that it is overloaded. */
export type ModelAnswer = Message | null;

/** A local server that speaks OpenAI's chat completions API and answers as scripted. */
export type ScriptedModel = Awaited<ReturnType<typeof startScriptedModel>>;

function messageOf(answer: Message, number: number) {
	if ('text' in answer) return { role: 'assistant', content: answer.text };
	const calls = 'calls' in answer ? answer.calls : [answer];
	return {
		role: 'assistant',
		content: null,
		tool_calls: calls.map((call, index) => ({
			...{ index, id: `call_${number}_${index}`, type: 'function' },
			function: { name: call.tool, arguments: JSON.stringify(call.arguments) },
		})),
	};
}

/** The bodies of an answer: one, or several in a stream. */
function bodyOf(request: ModelRequest, answer: Message, number: number): string {
	const common = { id: `chatcmpl-${number}`, created: 1_700_000_000, model: request.model };
	const finish_reason = 'text' in answer ? 'stop' : 'tool_calls';
	const message = messageOf(answer, number);
	if (!request.stream) {
		return JSON.stringify({
			...common,
			object: 'chat.completion',
			choices: [{ index: 0, message, finish_reason }],
			usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
		});
	}
	const chunk = (delta: object, reason: string | null) =>
		`data: ${JSON.stringify({
			...common,
			object: 'chat.completion.chunk',
			choices: [{ index: 0, delta, finish_reason: reason }],
		})}\n\n`;
	return `${chunk(message, null)}${chunk({}, finish_reason)}data: [DONE]\n\n`;
}

export async function startScriptedModel() {
	const requests: ModelRequest[] = [];
	let answers: Array<ModelAnswer | ((request: ModelRequest) => ModelAnswer)> = [];
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			if (request.method !== 'POST' || !request.url?.endsWith('/chat/completions')) {
				response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[]}');
				return;
			}
			const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ModelRequest;
			requests.push(body);
			const { [requests.length - 1]: next = { text: 'Done' } } = answers;
			const answer = typeof next === 'function' ? next(body) : next;
			if (answer === null) {
				response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"Busy"}}');
				return;
			}
			const type = body.stream ? 'text/event-stream' : 'application/json';
			response.writeHead(200, { 'content-type': type }).end(bodyOf(body, answer, requests.length));
		});
	});
	// A client must not meet a socket that is being closed just then.
	server.keepAliveTimeout = 120_000;
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
		requests,
		/** Sets the answers to the next requests, and forgets the former ones. After the last one it says "Done". */
		script(next: typeof answers) {
			answers = next;
			requests.length = 0;
		},
		async close() {
			server.closeAllConnections();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		},
	};
}

/** Adds the credential of a chat model node that asks the scripted model. @returns its id */
export async function addModelCredential(rest: N8nRest, model: ScriptedModel): Promise<string> {
	const { id } = await rest.createCredential({
		name: 'Scripted model',
		type: 'openAiApi',
		data: { apiKey: 'not-a-key', url: model.url, header: false },
	});
	return id;
}
