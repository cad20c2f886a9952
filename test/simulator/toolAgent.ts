import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsed } from './request';
import type { TranscriptLine } from './transcriptText';

const PAUSES_MS = [500, 1_000, 2_000];

/** A tool as n8n hands it over. */
export interface HandedTool {
	url: string;
	headers: { Authorization: string };
	/** Seconds. */
	timeout: number;
}

/** A question of an agent, and its answer. */
export interface ToolUse {
	/** Of the call or session whose agent asked. */
	id: string;
	tool: string;
	/** Of the tool; empty if the agent could not ask. */
	description: string;
	/** The arguments. */
	input: Record<string, unknown>;
	/** As the agent reads it; why there is none if it could not ask. */
	answer: string;
	isError: boolean;
	/** How long the caller heard nothing, in milliseconds. */
	ms: number;
}

/**
 * What a model would take out of the conversation: something for each argument that must be there.
 *
 * @param told what tools have answered before
 * @param heard what the caller says, by the names of arguments
 */
function argumentsFor(
	schema: { properties?: object; required?: string[] },
	told: Record<string, unknown>,
	heard: Record<string, unknown>,
): Record<string, unknown> {
	const properties = (schema.properties ?? {}) as Record<string, { type?: string; enum?: unknown[] }>;
	const sample = ({ type, enum: choices }: (typeof properties)[string]) =>
		choices?.[0] ?? (type === 'number' || type === 'integer' ? 7 : type === 'boolean' ? true : 'A-17');
	const given = Object.entries(heard).filter(([name]) => name in properties);
	return Object.fromEntries([
		...(schema.required ?? []).map((name) => [name, told[name] ?? sample(properties[name] ?? {})] as const),
		...given,
	]);
}

/** @returns the values in an answer, by name; those of the first entry of a list */
const valuesIn = (answer: string): object => ({ ...([parsed(answer)].flat()[0] as object | undefined) });

/** @returns the tools in what a call or session was started with; none if what is there is no list of tools */
const toolsIn = (data: unknown) =>
	[typeof data === 'string' ? parsed(data) : data].flatMap((tools) =>
		Array.isArray(tools) ? tools : [],
	) as HandedTool[];

/** @returns an answer as an agent would read it out: JSON without its marks */
export const inWords = (answer: string) => answer.replace(/[{}[\]"]/g, '').replace(/[:,](?=\S)/g, '$& ');

/** Only this machine is asked: a test may name any tool. */
const isHere = ({ url }: HandedTool) => ['localhost', '127.0.0.1'].includes(new URL(url).hostname);

/** An agent that uses each of its tools once, through the official MCP client. Never rejects. */
export class ToolAgent {
	readonly uses: ToolUse[] = [];
	/** What callers say, by the names of the arguments that agents make of it. */
	readonly heard: Record<string, unknown> = {};
	private readonly clients = new Set<Client>();

	constructor(private readonly log: (line: string) => void) {}

	/**
	 * Asks all tools.
	 *
	 * @param id of the call or session
	 * @param handed what it was started with for its tools
	 * @param about what the agent tells of the call
	 * @param say told what the agent says then
	 */
	async use(id: string, handed: unknown, about: Record<string, string>, say: (line: TranscriptLine) => void) {
		const told: Record<string, unknown> = {};
		for (const tool of toolsIn(handed).filter(isHere)) {
			const use = await this.ask(id, tool, about, told);
			Object.assign(told, valuesIn(use.answer));
			this.uses.push(use);
			this.log(`The agent asked ${use.tool}: ${use.answer} (${Math.round(use.ms)} ms)`);
			say({ speaker: 'Caller', text: 'And I have a question.' });
			say({ speaker: 'Agent', text: `One moment. ${inWords(use.answer)}` });
		}
	}

	/** Ends what is under way. */
	async close(): Promise<void> {
		await Promise.all([...this.clients].map(async (client) => await client.close().catch(() => undefined)));
	}

	/** As examples/agent: an n8n that has just made the call may not wait for the response yet. */
	private async connect(url: string, headers: Record<string, string>): Promise<Client> {
		const pausesMs = url.includes('/webhook-waiting/') ? [...PAUSES_MS] : [];
		for (;;) {
			const client = new Client({ name: 'simulated-agent', version: '1.0.0' });
			try {
				this.clients.add(client);
				await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
				return client;
			} catch (error) {
				this.clients.delete(client);
				const pauseMs = pausesMs.shift();
				if (pauseMs === undefined) throw error;
				await sleep(pauseMs);
			}
		}
	}

	private async ask(
		id: string,
		{ url, headers, timeout }: HandedTool,
		about: Record<string, string>,
		told: Record<string, unknown>,
	): Promise<ToolUse> {
		const use: ToolUse = { id, tool: url, description: '', input: {}, answer: '', isError: true, ms: 0 };
		let client: Client | undefined;
		let startedAt = performance.now();
		try {
			client = await this.connect(url, { ...headers, ...about });
			const { tools } = await client.listTools();
			const [{ name, description = '', inputSchema }] = tools as [(typeof tools)[number]];
			const input = argumentsFor(inputSchema, told, this.heard);
			Object.assign(use, { tool: name, description, input });
			startedAt = performance.now();
			const request = { name, arguments: input };
			const result = await client.callTool(request, undefined, { timeout: timeout * 1000 });
			const [{ text }] = result.content as [{ text: string }];
			Object.assign(use, { answer: text, isError: result.isError === true });
		} catch (error) {
			use.answer = `I could not ask: ${(error as Error).message}`;
		}
		use.ms = performance.now() - startedAt;
		if (client) this.clients.delete(client);
		await client?.close().catch(() => undefined);
		return use;
	}
}
