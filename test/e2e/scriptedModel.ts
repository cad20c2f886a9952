import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { Loopback } from '../engine/rig/delivery';
import type { N8nRest } from '../n8n/rest';

/** The fields of a tool, as JSON Schema. A human review nests those of the tool that it's for. */
export interface ToolFields {
	type?: string;
	properties?: Record<string, ToolFields>;
}

/** What a model was asked: the part of OpenAI's chat completions request that matters here. */
export interface ModelRequest {
	model: string;
	messages: Array<{
		role: string;
		content?: unknown;
		tool_calls?: Array<{ function: { name: string; arguments: string } }>;
	}>;
	tools?: Array<{ function: { name: string; parameters?: ToolFields } }>;
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

function messageOf(answer: Message, number: number) {
	if ('text' in answer) return { role: 'assistant', content: answer.text };
	const calls = 'calls' in answer ? answer.calls : [answer];
	return {
		role: 'assistant',
		content: null,
		tool_calls: calls.map((call, index) => ({
			index,
			id: `call_${number}_${index}`,
			type: 'function',
			function: { name: call.tool, arguments: JSON.stringify(call.arguments) },
		})),
	};
}

/** The bodies of an answer: one, or several in a stream. */
function bodyOf(request: ModelRequest, answer: Message, number: number): string {
	const common = { id: `chatcmpl-${number}`, created: 1_700_000_000, model: request.model };
	const finish_reason = 'text' in answer ? 'stop' : 'tool_calls';
	const message = messageOf(answer, number);
	if (!request.stream)
		return JSON.stringify({
			...common,
			object: 'chat.completion',
			choices: [{ index: 0, message, finish_reason }],
			usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
		});
	const chunk = (delta: object, reason: string | null) =>
		`data: ${JSON.stringify({
			...common,
			object: 'chat.completion.chunk',
			choices: [{ index: 0, delta, finish_reason: reason }],
		})}\n\n`;
	return `${chunk(message, null)}${chunk({}, finish_reason)}data: [DONE]\n\n`;
}

type Answer = (request: ModelRequest) => ModelAnswer;

/** A local server that speaks OpenAI's chat completions API and answers as scripted. */
export class ScriptedModel extends Loopback {
	readonly requests: ModelRequest[] = [];
	private answers: Array<ModelAnswer | Answer> = [];

	/** @param otherwise what it answers after the last scripted answer */
	constructor(private readonly otherwise: Answer = () => ({ text: 'Done' })) {
		super();
	}

	get url(): string {
		return `${this.origin}/v1`;
	}

	/** Sets the answers to the next requests, and forgets the former ones. */
	script(next: ScriptedModel['answers']): void {
		this.answers = next;
		this.requests.length = 0;
	}

	protected override async receive(request: IncomingMessage, response: ServerResponse) {
		// A client must not meet a socket that is being closed just then.
		response.setHeader('connection', 'close');
		const send = (status: number, body: string, type = 'application/json') =>
			response.writeHead(status, { 'content-type': type }).end(body);
		if (request.method !== 'POST' || !/\/chat\/completions(\?|$)/.test(String(request.url)))
			return send(200, '{"object":"list","data":[]}');
		const asked = (await json(request)) as ModelRequest;
		this.requests.push(asked);
		const { [this.requests.length - 1]: next = this.otherwise } = this.answers;
		const answer = typeof next === 'function' ? next(asked) : next;
		if (answer === null) return send(500, '{"error":{"message":"Busy"}}');
		const type = asked.stream ? 'text/event-stream' : undefined;
		return send(200, bodyOf(asked, answer, this.requests.length), type);
	}
}

export const startScriptedModel = async (otherwise?: Answer) => await new ScriptedModel(otherwise).listen();

/** Adds the credential of a chat model node that asks the scripted model. @returns its id */
export async function addModelCredential(rest: N8nRest, model: ScriptedModel): Promise<string> {
	const { id } = await rest.createCredential({
		name: 'Scripted model',
		type: 'openAiApi',
		data: { apiKey: 'not-a-key', url: model.url, header: false },
	});
	return id;
}
