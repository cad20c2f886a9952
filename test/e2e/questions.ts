import { waitFor } from '../n8n/processes';
import type { HandedTool } from '../simulator/toolAgent';
import { untilWaiting } from './deliveries';
import { callTool, withMcp } from './mcpClient';
import { BY_RULE } from './nodes';
import type { Setup } from './setup';

/** A question by phone: the call, what its agent was given, and the execution that waits. */
export interface Question extends HandedTool {
	callId: string;
	to: string;
	executionId: string;
}

export const question = (more: object = {}) => ({
	...BY_RULE,
	operation: 'sendAndWait',
	to: '+15550003000',
	message: 'May we come on Thursday?',
	...more,
});

/** In the place of the voice agents, in one n8n. */
export class Agents {
	private readonly known = new Set<string>();

	constructor(private readonly setup: Setup) {}

	/** The next call, once its execution waits. */
	async next(): Promise<Question> {
		const { simulator, n8n } = this.setup;
		const call = await waitFor('a call', async () =>
			[...simulator.calls.values()].find(({ callId }) => !this.known.has(callId)),
		);
		this.known.add(call.callId);
		const [tool] = call.metadata.n8nTools as [HandedTool];
		const [, executionId = ''] = /webhook-waiting\/(\d+)\/mcp/.exec(tool.url) ?? [];
		await untilWaiting(n8n, executionId);
		return { ...tool, callId: call.callId, to: call.to, executionId };
	}
}

/** Hands in a response with the official client. */
export const submit = async (asked: Question, input: object) =>
	await withMcp(asked, async (client) => await callTool(client, 'submit_response', input));
