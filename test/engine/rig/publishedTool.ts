import { randomUUID } from 'node:crypto';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type {
	IDataObject,
	IExecuteResponsePromiseData,
	INode,
	INodeExecutionData,
	INodeParameters,
	IRun,
} from 'n8n-workflow';
import { connectMcp } from '../../e2e/mcpClient';
import { ACTION, type Engine } from './engine';
import { STAND_INS } from './nodeTypes';
import { type Response, ServedWebhook } from './webhookNode';

export const TOOL_TRIGGER = 'n8n-nodes-videosdk-agent-cloud.videoSdkAgentCloudMcpTrigger';

export const TOOL_PARAMETERS: INodeParameters = {
	toolName: 'find_order',
	toolDescription: 'Finds an order of the caller.',
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
	/** What comes to that node in place of the question. */
	items?: IDataObject[];
	/** Held before n8n answers. */
	beforeAnswer?: () => Promise<unknown>;
}

function workflowOf(engine: Engine, trigger: INode, { answer, node, items, fallback }: ToolEnding) {
	const answerNode = (name: string, given: INodeParameters, more: Partial<INode> = {}) =>
		engine.node(ACTION, { resource: 'tool', operation: 'answer', ...given }, { name, ...more });
	const to = (name: string) => [{ node: name, type: 'main' as const, index: 0 }];
	return engine.load({
		id: randomUUID(),
		nodes: [
			trigger,
			...(items ? [engine.node(STAND_INS.input, {}, { name: 'Found' })] : []),
			...(answer ? [answerNode('Answer', answer, node)] : []),
			...(fallback ? [answerNode('Fallback', fallback)] : []),
		],
		connections: {
			...(answer && { [trigger.name]: { main: [to(items ? 'Found' : 'Answer')] } }),
			...(items && { Found: { main: [to('Answer')] } }),
			...(fallback && { Answer: { main: [[], to('Fallback')] } }),
		},
	});
}

/** A published workflow that is a tool: trigger -> Agent Tool: Answer. n8n answers with 'responseNode'. */
export class PublishedTool extends ServedWebhook {
	readonly executions: IRun[] = [];
	/** What came out of the trigger. */
	readonly items: IDataObject[] = [];
	protected readonly path: string;

	constructor(
		engine: Engine,
		parameters: INodeParameters,
		public ending: ToolEnding,
		webhookId = 'tool',
	) {
		const name = 'When agent asks';
		const given = { ...TOOL_PARAMETERS, ...parameters };
		const trigger = engine.node(TOOL_TRIGGER, given, { name, webhookId, typeVersion: 1.1 });
		const workflow = workflowOf(engine, trigger, ending);
		super(engine, workflow, workflow.getNode(name) as INode, 'webhook');
		this.path = `${webhookId}/mcp`;
	}

	protected override get urls() {
		return { webhookBaseUrl: `${this.origin}/webhook` };
	}

	async connect(token: string): Promise<Client> {
		return await connectMcp({ url: this.url, headers: { Authorization: `Bearer ${token}` } });
	}

	/** As n8n: the first answer counts; without one an empty 200, and a 500 for an execution that failed. */
	protected async begin(given: INodeExecutionData[][], response: Response): Promise<void> {
		const { items = [] } = this.ending;
		this.engine.nodeTypes.items = items.map((json) => ({ json }));
		this.items.push(...given.flat().map(({ json }) => json));
		let answer: IExecuteResponsePromiseData | undefined;
		const data = this.additionalData();
		data.hooks?.addHandler('sendResponse', (sent) => void (answer ??= sent));
		const { run } = await this.engine.runFrom(this.workflow, this.node, given, this.mode, data);
		this.executions.push(run);
		await this.ending.beforeAnswer?.();
		if (answer !== undefined) {
			const { statusCode, body } = answer as { statusCode: number; body: unknown };
			response.status(statusCode).json(body);
		} else if (run.data.resultData.error) response.status(500).json({ message: 'Error in workflow' });
		else response.status(200).end();
		setImmediate(() => response.end());
	}
}
