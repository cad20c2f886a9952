import type { DataTable } from '../n8n/dataTables';
import { type N8n, startN8n } from '../n8n/instance';
import { waitFor } from '../n8n/processes';
import { type Execution, isStored, outputOf, type StoredWorkflow } from '../n8n/rest';
import type { ToolUse } from '../simulator';
import type { HandedTool } from '../simulator/toolAgent';
import { pathsOf } from '../start/examples';
import type { Mail } from '../start/mailbox';
import { startTarget, type Target } from '../start/target';
import { importExamples, type Imported, publishSelected, withSettings } from '../start/workflows';
import { callTool, withMcp } from './mcpClient';

/** An n8n with the examples in it, exactly as `npm start` imports them. */
export class ExamplesStage {
	private constructor(
		readonly n8n: N8n,
		readonly target: Target,
		readonly imported: Imported,
	) {}

	/** Starts n8n, the simulator, and the chat model, and does what `npm start` does with the examples. */
	static async start(): Promise<ExamplesStage> {
		const target = await startTarget();
		const n8n = await startN8n();
		const imported = await importExamples(n8n, target);
		await publishSelected(n8n.rest, imported);
		return new ExamplesStage(n8n, target, imported);
	}

	async stop(): Promise<void> {
		await this.n8n.stop();
		await this.target.close();
	}

	get simulator() {
		return this.target.simulator;
	}

	get model() {
		return this.target.model;
	}

	workflow(file: string): StoredWorkflow {
		return this.imported.workflows[file]!;
	}

	table(name: string): DataTable {
		return this.imported.tables[name]!;
	}

	/** Presses the button below a workflow, and waits for the end. */
	async press(file: string): Promise<Execution> {
		const execution = await this.n8n.rest.runWorkflow(this.workflow(file).id);
		expect(execution.data.resultData.error).toBeUndefined();
		return execution;
	}

	async pressFor(file: string, node: string) {
		return outputOf(await this.press(file), node);
	}

	async enter(file: string, name: string, parameters: object): Promise<void> {
		const { rest } = this.n8n;
		const { id } = this.workflow(file);
		const { nodes } = await rest.getWorkflow(id);
		await rest.updateWorkflow(id, {
			nodes: nodes.map((node) =>
				node.name === name ? { ...node, parameters: { ...node.parameters, ...parameters } } : node,
			),
		});
	}

	/** Enters a value in a workflow's node Settings. */
	async set(file: string, setting: string, value: unknown): Promise<void> {
		const { nodes } = await this.n8n.rest.getWorkflow(this.workflow(file).id);
		const { parameters } = nodes.find(({ name }) => name === 'Settings')!;
		await this.enter(file, 'Settings', withSettings(parameters, { [setting]: value }));
	}

	/** Publishes a workflow for as long as something is done. @returns the URLs of our triggers in it */
	async whilePublished(file: string, action: (urls: string[]) => Promise<void>): Promise<void> {
		const { rest, url } = this.n8n;
		const workflow = this.workflow(file);
		await rest.activate(workflow.id);
		try {
			const urls = pathsOf(workflow).map((path) => `${url}/webhook/${path}`);
			for (const each of urls) await rest.waitForWebhook(each);
			await action(urls);
		} finally {
			await rest.deactivate(workflow.id);
		}
	}

	/** Waits for so many runs of a workflow that ended well, and yields them, oldest first. */
	async runsOf(file: string, count: number): Promise<Execution[]> {
		const { id: workflowId, name } = this.workflow(file);
		return await waitFor(`${count} runs of "${name}"`, async () => {
			const runs = await this.n8n.rest.executions({ workflowId, status: ['success'] });
			const stored = runs.filter((run) => isStored(run));
			return stored.length >= count && stored;
		});
	}

	async nextMail(): Promise<Mail> {
		return await waitFor('an email', async () => this.target.mailbox.mails.shift());
	}

	async toolUse(callId: string, tool: string): Promise<ToolUse> {
		return await waitFor(`the answer of ${tool}`, async () =>
			this.simulator.toolUses.find((use) => use.id === callId && use.tool === tool),
		);
	}

	/** Asks, as the agent of a call, a tool that was handed to it. @returns what the agent reads */
	async askAsAgent(callId: string, index: number, input: object): Promise<string> {
		const handed = this.simulator.metadataOf(callId).n8nTools as HandedTool[];
		return await withMcp(handed[index]!, async (client) => {
			const { tools } = await client.listTools();
			const { isError, text } = await callTool(client, tools[0]!.name, input);
			return `${isError ? 'Error: ' : ''}${text}`;
		});
	}

	/** Sends what the editor's chat sends. @returns the run's ID */
	async chat(file: string, chatInput: string): Promise<string> {
		const { rest } = this.n8n;
		const { id } = this.workflow(file);
		const message = { sessionId: 'chat-1', action: 'sendMessage', chatInput };
		const run = { startTime: Date.now(), executionTime: 0, executionIndex: 0, executionStatus: 'success' };
		const { executionId } = await rest.call<{ executionId: string }>('POST', `/workflows/${id}/run`, {
			workflowData: await rest.getWorkflow(id),
			triggerToStartFrom: {
				name: 'When a chat message arrives',
				data: { ...run, source: [null], data: { main: [[{ json: message }]] } },
			},
		});
		return executionId;
	}
}
