import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from './people';
import { parsed } from './request';
import type { TranscriptLine } from './transcriptText';

const PAUSES_MS = [500, 1_000, 2_000];
/** By which an agent hands in the response to a question. */
const RESPONSE_TOOL = 'submit_response';

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

/** The schema of an argument, as far as the simulated agent heeds it. */
interface Argument {
	type?: string;
	description?: string;
	enum?: unknown[];
	minimum?: number;
	maximum?: number;
}

const DAY_MS = 24 * 3_600_000;
const tomorrow = () => new Date(Date.now() + DAY_MS).toISOString();
/** What people say where a description asks for a text of a certain form. */
const TEXTS: Array<[description: RegExp, said: () => string]> = [
	[/YYYY-MM-DDT/, tomorrow],
	[/YYYY-MM-DD/, () => tomorrow().slice(0, 10)],
	[/email address/i, () => 'ada@example.com'],
	[/phone number with a plus sign/i, () => '+14155550123'],
];
const textOf = ({ description = '' }: Argument) => TEXTS.find(([form]) => form.test(description))?.[1]();

/** @returns what fits an argument: what someone says who agrees, or doesn't */
function fitting(argument: Argument, isYes: boolean): unknown {
	const { type, enum: choices, minimum, maximum } = argument;
	if (choices) return isYes ? choices[0] : choices.at(-1);
	if (type === 'boolean') return isYes;
	if (type === 'number') return Math.min(Math.max(isYes ? 7 : 0, minimum ?? -Infinity), maximum ?? Infinity);
	return textOf(argument) ?? (isYes ? 'A-17' : 'No');
}

/** @returns whether an argument must be there because of what another one says */
function isDue({ description = '' }: Argument = {}, said: Record<string, unknown>): boolean {
	const [, name = '', value] = /\bRequired if (\S+) is (.+)$/.exec(description) ?? [];
	return name in said && String(said[name]) === value;
}

/** @returns what doesn't fit an argument. A text without a form fits unless it is blank */
const unfitting = (argument: Argument): string =>
	argument.type === 'string' && !argument.enum && !textOf(argument) ? ' ' : 'a few, next Friday';

/**
 * What a model would take out of the conversation: something for each argument that must be there.
 *
 * @param told what tools have answered before
 * @param heard what the caller says, by the names of arguments
 * @returns undefined if the caller gave no reason to use the tool
 */
function argumentsFor(
	schema: { properties?: object; required?: string[] },
	told: Record<string, unknown>,
	heard: Record<string, unknown>,
	answers: Person['answers'] = 'yes',
): Record<string, unknown> | undefined {
	const properties = (schema.properties ?? {}) as Record<string, Argument>;
	const given = Object.entries(heard).filter(([name]) => name in properties);
	if (answers === 'nothing' && given.length === 0) return undefined;
	const required = schema.required ?? [];
	if (answers === 'unfitting')
		return Object.fromEntries(required.map((name) => [name, unfitting(properties[name] ?? {})]));
	const filled = (names: string[]) =>
		names.map((name) => [name, told[name] ?? fitting(properties[name] ?? {}, answers === 'yes')] as const);
	const said: Record<string, unknown> = Object.fromEntries([...filled(required), ...given]);
	const due = Object.keys(properties).filter((name) => !(name in said) && isDue(properties[name], said));
	return { ...Object.fromEntries(filled(due)), ...said };
}

/** @returns the values in an answer, by name; those of the first entry of a list */
const valuesIn = (answer: string): object => ({ ...([parsed(answer)].flat()[0] as object | undefined) });

/** @returns the tools in what a call or session was started with; none if what is there is no list of tools */
const toolsIn = (data: unknown) =>
	[typeof data === 'string' ? parsed(data) : data].flatMap((tools) =>
		Array.isArray(tools) ? tools : [],
	) as HandedTool[];

/** @returns one value of an answer, as a part of a sentence */
function clause([name, value]: [string, unknown]): string {
	if (typeof value === 'boolean') return `it is ${value ? '' : 'not '}${name}`;
	return `the ${name} is ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
}

/** @returns an answer as an agent would say it: values of JSON as a sentence for each record, anything else as it is */
export function inWords(answer: string): string {
	const sentences = [parsed(answer) ?? answer].flat().map((record: unknown) => {
		if (typeof record !== 'object' || record === null) return String(record);
		const clauses = Object.entries(record).map(clause);
		const text =
			clauses.length < 3
				? clauses.join(' and ')
				: `${clauses.slice(0, -1).join(', ')}, and ${clauses.at(-1)}`;
		return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
	});
	return sentences.join(' ');
}

/** @returns what is said while an agent uses a tool */
function linesOf({ tool, input, answer, isError }: ToolUse): TranscriptLine[] {
	const agent = (text: string) => ({ speaker: 'Agent', text });
	const caller = (text: string) => ({ speaker: 'Caller', text });
	if (tool !== RESPONSE_TOOL)
		return [caller('And I have a question.'), agent(`One moment. ${inWords(answer)}`)];
	const values = Object.values(input).map((value) =>
		typeof value === 'boolean' ? (value ? 'Yes' : 'No') : String(value),
	);
	return [
		agent('I have a question for you.'),
		caller(String(input.quote ?? input.condition ?? input.comment ?? `${values.join(', ')}.`)),
		agent(isError ? "I'm sorry, I didn't understand that." : 'Thank you.'),
	];
}

/** How n8n asks back about a yes: with a comment, and with a condition. */
const ASKS_ABOUT_COMMENT = /^If that's a condition,/;
const ASKS_ABOUT_CONDITION = /^A yes with a condition is no yes\./;

/** Makes the arguments for a tool of this name; undefined: it isn't used. */
type ToInput = (
	schema: { properties?: object; required?: string[] },
	tool: string,
) => Record<string, unknown> | undefined;

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
	 * @param say told what is said then
	 * @param person at the other end
	 */
	async use(
		id: string,
		handed: unknown,
		about: Record<string, string>,
		say: (line: TranscriptLine) => void,
		{ answers, heard, unanswered }: Pick<Person, 'answers' | 'heard' | 'unanswered'> = {},
	) {
		const told: Record<string, unknown> = {};
		const toInput: ToInput = (schema) =>
			argumentsFor(schema, told, answers === 'nothing' ? { ...heard } : { ...this.heard, ...heard }, answers);
		for (const tool of toolsIn(handed).filter(isHere)) {
			// Whoever isn't understood is asked once more.
			for (let triesLeft = answers === 'unfitting' ? 2 : 1; triesLeft > 0; triesLeft--) {
				const use = await this.ask(id, tool, about, toInput);
				if (use === undefined) break;
				Object.assign(told, valuesIn(use.answer));
				this.uses.push(use);
				this.log(`The agent asked ${use.tool}: ${use.answer} (${Math.round(use.ms)} ms)`);
				linesOf(use).forEach(say);
				if (!use.isError) break;
			}
			if (unanswered)
				await this.ask(id, tool, about, (_, name) => (name === RESPONSE_TOOL ? unanswered : undefined));
		}
	}

	/** Ends what is under way. */
	async close(): Promise<void> {
		await Promise.all([...this.clients].map(async (client) => await client.close().catch(() => undefined)));
	}

	/** As agent/n8n_tools.py: an n8n that has just made the call may not wait for the response yet. */
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
		toInput: ToInput,
	): Promise<ToolUse | undefined> {
		const use: ToolUse = { id, tool: url, description: '', input: {}, answer: '', isError: true, ms: 0 };
		let client: Client | undefined;
		let startedAt = performance.now();
		try {
			const connected = await this.connect(url, { ...headers, ...about });
			client = connected;
			const { tools } = await connected.listTools();
			const [{ name, description = '', inputSchema }] = tools as [(typeof tools)[number]];
			const input = toInput(inputSchema, name);
			if (input === undefined) return undefined;
			Object.assign(use, { tool: name, description });
			startedAt = performance.now();
			const options = { timeout: timeout * 1000 };
			const call = async (given: ToolUse['input']) => {
				use.input = given;
				const result = await connected.callTool({ name, arguments: given }, undefined, options);
				const [{ text }] = result.content as [{ text: string }];
				Object.assign(use, { answer: text, isError: result.isError === true });
			};
			await call(input);
			// Whoever says more than yes has a condition, and insists on it.
			const { comment, ...others } = input;
			if (ASKS_ABOUT_COMMENT.test(use.answer)) await call({ ...others, condition: comment });
			if (ASKS_ABOUT_CONDITION.test(use.answer)) await call(use.input);
		} catch (error) {
			use.answer = `I could not ask: ${(error as Error).message}`;
		} finally {
			use.ms = performance.now() - startedAt;
			if (client) this.clients.delete(client);
			await client?.close().catch(() => undefined);
		}
		return use;
	}
}
