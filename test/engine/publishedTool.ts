import { randomUUID } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { HookContext, WebhookContext, WorkflowExecute } from 'n8n-core';
import {
	createRunExecutionData,
	type IDataObject,
	type IExecuteResponsePromiseData,
	type INode,
	type INodeParameters,
	type INodeType,
	type IRun,
	type IWebhookData,
	type IWebhookDescription,
	type IWebhookResponseData,
	type IWorkflowExecuteAdditionalData,
	type WorkflowActivateMode,
	Workflow,
} from 'n8n-workflow';
import { ACTION, type Engine } from './engine';
import { asExpressRequest, asExpressResponse } from './publishedTrigger';

export const TOOL_TRIGGER = 'n8n-nodes-videosdk-agent-cloud.videoSdkAgentCloudMcpTrigger';

export const TOOL_PARAMETERS: INodeParameters = {
	toolName: 'find_order',
	toolDescription: 'Finds an order of the caller.',
	specifyParameters: 'fields',
	toolParameters: {
		// Required by default.
		parameters: [{ name: 'number', type: 'string', description: 'On the invoice' }],
	},
	options: {},
};

/** How the workflow ends that a tool starts. */
export interface ToolEnding {
	/** The parameters of Agent Tool: Answer; undefined: it does not answer. */
	answer?: INodeParameters;
	/** The settings of that node. */
	node?: Partial<INode>;
	/** The parameters of a second one, behind the error output of the first. */
	fallback?: INodeParameters;
	/** Held before n8n answers. */
	beforeAnswer?: () => Promise<void>;
}

/** A published workflow that is a tool: trigger -> Agent Tool: Answer. Served as n8n's WebhookHelpers do with 'responseNode'. */
export class PublishedTool {
	readonly executions: IRun[] = [];
	/** What came out of the trigger. */
	readonly items: IDataObject[] = [];
	readonly log: string[] = [];
	readonly node: INode;
	private readonly workflow: Workflow;
	private readonly server = http.createServer(
		(request, response) => void this.receive(request, response).catch((error) => this.thrown.push(error)),
	);
	readonly thrown: unknown[] = [];

	constructor(
		private readonly engine: Engine,
		parameters: INodeParameters,
		private readonly ending: ToolEnding,
		webhookId = 'tool',
		typeVersion = 1.1,
	) {
		this.node = engine.node(
			TOOL_TRIGGER,
			{ ...TOOL_PARAMETERS, ...parameters },
			{ name: 'When agent asks', webhookId, typeVersion },
		);
		const answerNode = (name: string, given: INodeParameters, more: Partial<INode> = {}) =>
			engine.node(ACTION, { resource: 'tool', operation: 'answer', ...given }, { name, ...more });
		const { answer, fallback } = ending;
		const nodes = [
			this.node,
			...(answer ? [answerNode('Answer', answer, ending.node)] : []),
			...(fallback ? [answerNode('Fallback', fallback)] : []),
		];
		const to = (node: string) => [{ node, type: 'main' as const, index: 0 }];
		this.workflow = new Workflow({
			id: randomUUID(),
			name: 'Orders',
			nodes,
			connections: {
				...(answer && { [this.node.name]: { main: [to('Answer')] } }),
				...(fallback && { Answer: { main: [[], to('Fallback')] } }),
			},
			active: true,
			nodeTypes: engine.nodeTypes,
			settings: { executionOrder: 'v1' },
		});
	}

	get origin(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	get url(): string {
		return `${this.origin}/webhook/${this.node.webhookId}/mcp`;
	}

	async open(): Promise<void> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	/** Calls a hook of the POST webhook. */
	async hook(name: 'checkExists' | 'create' | 'delete', activation: WorkflowActivateMode = 'activate') {
		const data = this.additionalData();
		const [description] = this.type.description.webhooks as IWebhookDescription[];
		const context = new HookContext(
			this.workflow,
			this.node,
			data,
			'trigger',
			activation,
			this.webhookData(description as IWebhookDescription, data),
		);
		return await this.type.webhookMethods?.default?.[name]?.call(context);
	}

	/** A client of the official SDK. Close it. */
	async connect(token: string, headers: Record<string, string> = {}): Promise<Client> {
		const client = new Client({ name: 'voice-agent', version: '1.0.0' });
		const requestInit = { headers: { authorization: `Bearer ${token}`, ...headers } };
		await client.connect(new StreamableHTTPClientTransport(new URL(this.url), { requestInit }));
		return client;
	}

	private get type(): INodeType {
		return this.engine.nodeTypes.getByNameAndVersion(this.node.type);
	}

	private additionalData(): IWorkflowExecuteAdditionalData {
		return { ...this.engine.additionalData('webhook'), webhookBaseUrl: `${this.origin}/webhook` };
	}

	private webhookData(
		webhookDescription: IWebhookDescription,
		workflowExecuteAdditionalData: IWorkflowExecuteAdditionalData,
	): IWebhookData {
		return {
			httpMethod: webhookDescription.httpMethod as 'POST',
			node: this.node.name,
			path: 'mcp',
			webhookDescription,
			workflowId: this.workflow.id,
			workflowExecuteAdditionalData,
		};
	}

	private async receive(request: IncomingMessage, incoming: ServerResponse): Promise<void> {
		const response = asExpressResponse(incoming);
		const httpRequest = await asExpressRequest(request, this.node.typeVersion).catch(() => undefined);
		if (httpRequest === undefined) {
			incoming.writeHead(422).end();
			return;
		}
		const description = this.type.description.webhooks?.find(
			({ httpMethod }) => httpMethod === request.method,
		) as IWebhookDescription;
		const data = { ...this.additionalData(), httpRequest, httpResponse: response };
		const context = new WebhookContext(
			this.workflow,
			this.node,
			data,
			'webhook',
			this.webhookData(description, data),
			[],
			null,
		);
		const write = (text: string) => void this.log.push(text);
		const logger = { warn: write, error: write, info: write, debug: () => undefined };
		Object.defineProperty(context, 'logger', { value: logger });
		const result = ((await this.type.webhook?.call(context)) ?? {}) as IWebhookResponseData;
		if (result.workflowData === undefined) return;
		this.items.push(...result.workflowData.flatMap((items) => items.map(({ json }) => json)));
		await this.execute(result, response as unknown as ReturnType<typeof asExpressResponse>);
	}

	/** As n8n: the first answer counts; without one an empty 200, and a 500 for an execution that failed. */
	private async execute(
		{ workflowData = [] }: IWebhookResponseData,
		response: ReturnType<typeof asExpressResponse>,
	): Promise<void> {
		let given: IExecuteResponsePromiseData | undefined;
		const data = this.additionalData();
		data.hooks?.addHandler('sendResponse', (answer) => void (given ??= answer));
		const stack = [{ node: this.node, data: { main: workflowData }, source: null }];
		const runData = createRunExecutionData({ executionData: { nodeExecutionStack: stack } });
		const run = await new WorkflowExecute(data, 'webhook', runData).processRunExecutionData(this.workflow);
		this.executions.push(run);
		await this.ending.beforeAnswer?.();
		if (given !== undefined) {
			const { statusCode, body } = given as { statusCode: number; body: unknown };
			response.status(statusCode).json(body);
		} else if (run.data.resultData.error) response.status(500).json({ message: 'Error in workflow' });
		else response.status(200).end();
		setImmediate(() => response.end());
	}
}
