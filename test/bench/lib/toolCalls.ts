import type { Agent } from 'node:http';
import { signToken, toolKey } from '../../../nodes/VideoSdkAgentCloud/tools/token';
import { chain, n8nNode, ourNode } from '../../e2e/setup';
import type { WorkflowJson, WorkflowNode } from '../../n8n/rest';
import { newAgent, post } from './deliver';
import type { Host } from './host';

/**
 * What an agent may ask: our trigger with Agent Tool: Answer, n8n's own MCP server, or a webhook that is no MCP server, open to everybody
 * or with a fixed token. For a node with a credential n8n asks its database whether the workflow may use it.
 */
export const TOOLS = [
	'ours',
	'MCP Server Trigger',
	'Webhook + Respond to Webhook',
	'Webhook with Header Auth',
] as const;
export type Tool = (typeof TOOLS)[number];

const LANGCHAIN = '@n8n/n8n-nodes-langchain.';
const PROTOCOL_VERSION = '2025-03-26';
const NAME = 'find_order';
const DESCRIPTION = 'Finds an order of the caller.';
const ORDER_NUMBER = 'A-17';
const HEADER_AUTH = { name: 'authorization', value: 'Bearer bench' };

/** What is done between question and answer, the same in each. */
const lookUp = (orderNumber: string): WorkflowNode =>
	n8nNode(
		'Look up',
		'set',
		{ mode: 'raw', jsonOutput: `={{ { order: ${orderNumber}, status: 'shipped' } }}`, options: {} },
		3.4,
	);

function ours({ credential }: Host, webhookId: string): WorkflowJson {
	const setup = { credentialId: credential.id };
	const parameter = { name: 'order_number', type: 'string', description: '', required: true };
	const asked = {
		toolName: NAME,
		toolDescription: DESCRIPTION,
		specifyParameters: 'fields',
		toolParameters: { parameters: [parameter] },
		options: {},
	};
	const answer = { resource: 'tool', operation: 'answer' };
	return chain('Tool: ours', [
		ourNode(setup, 'Asked', 'videoSdkAgentCloudMcpTrigger', asked, { typeVersion: 1.1, webhookId }),
		lookUp('$json.input.order_number'),
		ourNode(setup, 'Answer', 'videoSdkAgentCloud', answer),
	]);
}

async function byWebhook({ n8n }: Host, webhookId: string, isOpen: boolean): Promise<WorkflowJson> {
	const parameters = { httpMethod: 'POST', path: webhookId, responseMode: 'responseNode', options: {} };
	const type = 'httpHeaderAuth';
	const credential = { name: 'Bench', type, data: HEADER_AUTH };
	const access = isOpen
		? { parameters }
		: {
				parameters: { ...parameters, authentication: 'headerAuth' },
				credentials: { [type]: { ...(await n8n.rest.createCredential(credential)), name: 'Bench' } },
			};
	return chain('Tool: webhook', [
		{ ...n8nNode('Asked', 'webhook', {}, 2), ...access, webhookId },
		lookUp('$json.body.order_number'),
		n8nNode('Answer', 'respondToWebhook', { respondWith: 'firstIncomingItem', options: {} }, 1.1),
	]);
}

/** The tool of n8n's MCP server is a workflow of its own. */
async function byMcpServer(host: Host, path: string): Promise<WorkflowJson> {
	const input = { values: [{ name: 'order_number', type: 'string' }] };
	const answering = await host.n8n.rest.createWorkflow(
		chain('Tool: behind the MCP server', [
			n8nNode(
				'Asked',
				'executeWorkflowTrigger',
				{ inputSource: 'workflowInputs', workflowInputs: input },
				1.1,
			),
			lookUp('$json.order_number'),
		]),
	);
	await host.n8n.rest.activate(answering.id).catch(() => undefined);
	const fromAi = "={{ /*n8n-auto-generated-fromAI-override*/ $fromAI('order_number', ``, 'string') }}";
	const schema = { id: 'order_number', displayName: 'order_number', type: 'string', display: true };
	const mapped = { mappingMode: 'defineBelow', value: { order_number: fromAi }, matchingColumns: [] };
	const tool = {
		name: NAME,
		description: DESCRIPTION,
		workflowId: { __rl: true, mode: 'list', value: answering.id },
		workflowInputs: { ...mapped, schema: [schema] },
	};
	return {
		name: 'Tool: MCP Server Trigger',
		nodes: [
			{ ...n8nNode(NAME, '', tool, 2.2), type: `${LANGCHAIN}toolWorkflow` },
			{ ...n8nNode('Server', '', { path }, 2), type: `${LANGCHAIN}mcpTrigger`, webhookId: path },
		],
		connections: { [NAME]: { ai_tool: [[{ node: 'Server', type: 'ai_tool', index: 0 }]] } },
	};
}

let lastNumber = 0;

/** Asks a tool as a program does that keeps its connection: what a call takes is n8n's share alone. */
export class ToolCaller {
	private readonly agent: Agent = newAgent(1);
	private lastId = 0;

	private constructor(
		private readonly tool: Tool,
		private readonly url: string,
		private readonly headers: Record<string, string>,
	) {}

	static async publish(host: Host, tool: Tool): Promise<ToolCaller> {
		const { rest, url } = host.n8n;
		const id = `bench-tool-${++lastNumber}`;
		const isOpen = tool === 'Webhook + Respond to Webhook';
		const json =
			tool === 'ours'
				? ours(host, id)
				: tool === 'MCP Server Trigger'
					? await byMcpServer(host, id)
					: await byWebhook(host, id, isOpen);
		await rest.activate((await rest.createWorkflow(json)).id);
		const at = {
			ours: `${url}/webhook/${id}/mcp`,
			'MCP Server Trigger': `${url}/mcp/${id}`,
			'Webhook + Respond to Webhook': `${url}/webhook/${id}`,
			'Webhook with Header Auth': `${url}/webhook/${id}`,
		}[tool];
		await rest.waitForWebhook(at, 60_000, { method: 'POST' });
		const caller = new ToolCaller(tool, at, {});
		if (tool === 'ours') {
			const access = { url: at, expiresAtS: Date.now() / 1000 + 86_400, context: {} };
			caller.headers.authorization = `Bearer ${signToken(access, toolKey(host.simulator.secret))}`;
		}
		if (tool === 'Webhook with Header Auth') caller.headers[HEADER_AUTH.name] = HEADER_AUTH.value;
		if (caller.isMcp) await caller.shakeHands();
		return caller;
	}

	/** Asks once. @returns the time to the whole answer, in ms */
	async ask(): Promise<number> {
		const input = { order_number: ORDER_NUMBER };
		const call = { method: 'tools/call', params: { name: NAME, arguments: input } };
		const body = this.isMcp ? { jsonrpc: '2.0', id: ++this.lastId, ...call } : input;
		const { status, ms, text } = await post(this.url, JSON.stringify(body), this.headers, this.agent);
		const isRight = [ORDER_NUMBER, 'shipped'].every((word) => text.includes(word));
		if (status !== 200 || !isRight) throw new Error(`${this.tool} answered ${status}: ${text}`);
		return ms;
	}

	private get isMcp(): boolean {
		return !this.tool.startsWith('Webhook');
	}

	close(): void {
		this.agent.destroy();
	}

	/** As the specification has it; n8n's server then knows the client by the ID of its session. */
	private async shakeHands(): Promise<void> {
		Object.assign(this.headers, {
			accept: 'application/json, text/event-stream',
			'content-type': 'application/json',
		});
		const params = {
			protocolVersion: PROTOCOL_VERSION,
			capabilities: {},
			clientInfo: { name: 'bench', version: '1.0.0' },
		};
		const send = async (message: object) =>
			await fetch(this.url, {
				method: 'POST',
				headers: this.headers,
				body: JSON.stringify({ jsonrpc: '2.0', ...message }),
			});
		const response = await send({ id: ++this.lastId, method: 'initialize', params });
		await response.text();
		const session = response.headers.get('mcp-session-id');
		if (session) this.headers['mcp-session-id'] = session;
		this.headers['mcp-protocol-version'] = PROTOCOL_VERSION;
		await (await send({ method: 'notifications/initialized' })).text();
		await (await send({ id: ++this.lastId, method: 'tools/list' })).text();
	}
}
