import { type ModelRequest, type ScriptedModel } from '../e2e/scriptedModel';
import { PythonProgram } from './python';

/** What the agent has said since the line before, and what became of it. */
export interface Turn {
	said: Array<{ text: string; at: number }>;
	/** When the sound of the keyboard was heard. */
	sounds: number[];
	tools: string[];
	ended: boolean;
	/** What the recognition of speech was told. */
	hears: Record<string, unknown> | null;
}

export const textOf = ({ said }: Turn) => said.map(({ text }) => text).join(' ');

/** What the model reads last, such as the answer of a tool. */
export const lastRead = ({ messages }: ModelRequest) => String(messages.at(-1)?.content);

/** Conversations with agent/, one after another. */
export class Conversations {
	private program: PythonProgram | undefined;

	constructor(private readonly model: () => ScriptedModel) {}

	get log(): string {
		return this.program?.log ?? '';
	}

	/**
	 * Begins a conversation. Calls come in unless the metadata says otherwise.
	 *
	 * @param hangsUpAfter after how many seconds the person hangs up, whatever the agent is saying
	 */
	async start(metadata: object, env: Record<string, string> = {}, hangsUpAfter?: number): Promise<Turn> {
		this.program = new PythonProgram('run_agent.py', {
			MODEL_URL: this.model().origin,
			VIDEOSDK_AUTH_TOKEN: 'account-token',
			N8N_TOOLS: '',
			N8N_AGENT: '',
			...env,
		});
		const n8nAgent = env.N8N_AGENT ? undefined : { firstMessage: 'Hello, I am an AI.' };
		return await this.program.ask<Turn>({
			metadata: { callType: 'inbound', n8nAgent, ...metadata },
			hangsUpAfter,
		});
	}

	/** The person says something. @returns what follows, until the agent is silent again */
	tell = async (caller: string, interrupts?: string) => await this.program!.ask<Turn>({ caller, interrupts });

	/** @returns what follows until the conversation ends, or for so long */
	listen = async (seconds?: number) => await this.program!.ask<Turn>({ seconds });

	async stop(): Promise<void> {
		await this.program?.stop();
		// Neither the account's token nor those of tools.
		expect(this.log).not.toMatch(/account-token|n8ntool1_/);
	}
}

/** Other values for the agent's constants, see run_agent.py. */
export const constants = (values: Record<string, number | string>) => ({ CONSTANTS: JSON.stringify(values) });
