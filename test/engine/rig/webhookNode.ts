/** A node with a webhook, as n8n runs it: its hooks, and what comes to its URL (n8n's WebhookService and webhook-helpers). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { HookContext, WebhookContext } from 'n8n-core';
import type {
	INode,
	INodeExecutionData,
	INodeType,
	IWebhookDescription,
	IWebhookResponseData,
	IWorkflowExecuteAdditionalData,
	Workflow,
	WorkflowActivateMode,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { Loopback } from './delivery';
import type { Engine } from './engine';

export type Hook = 'checkExists' | 'create' | 'delete';

/** What a node wrote to n8n's log. */
export interface LogEntry {
	level: 'error' | 'warn' | 'info' | 'debug';
	/** The message, and what was given along with it. */
	text: string;
}

/** n8n hands nodes Express's pair, with some additions of its own. */
type Request = NonNullable<IWorkflowExecuteAdditionalData['httpRequest']>;
export type Response = NonNullable<IWorkflowExecuteAdditionalData['httpResponse']>;

async function readBytes(request: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
	const bytes = Buffer.concat(chunks);
	return request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
}

/** The types of bodies that n8n reads by itself for a node of any version. */
const PARSED = /^(application\/json|application\/x-www-form-urlencoded|text\/plain)$|[/+]xml$/;

/** Reads the body as n8n does: for a node of version 1 always, for later ones if its type is usual. Forms with files aren't kept. */
export async function asExpressRequest(incoming: IncomingMessage, typeVersion: number): Promise<Request> {
	const { searchParams } = new URL(incoming.url ?? '', 'http://localhost');
	const query = Object.fromEntries(searchParams);
	const request = Object.assign(incoming, { params: {}, query, body: {} }) as unknown as Request;
	request.readRawBody = async () => {
		if (!request.rawBody) request.rawBody = await readBytes(incoming);
	};
	const type = incoming.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
	if (type === 'multipart/form-data') {
		await readBytes(incoming);
		request.readRawBody = async () => await Promise.reject(new Error('stream is not readable'));
		return request;
	}
	if (typeVersion > 1 && !PARSED.test(type)) return request;
	await request.readRawBody();
	if (type === 'application/json' && request.rawBody.length > 0)
		request.body = JSON.parse(request.rawBody.toString('utf8').replace(/^\uFEFF/, '')) as unknown;
	return request;
}

/** Adds Express's two short cuts that the package uses. */
export const asExpressResponse = (response: ServerResponse): Response =>
	Object.assign(response, {
		status(code: number) {
			response.statusCode = code;
			return response;
		},
		json(body: unknown) {
			response.setHeader('content-type', 'application/json; charset=utf-8');
			return response.end(Buffer.from(JSON.stringify(body)));
		},
	}) as unknown as Response;

/** n8n's own logger, which the getter of a context yields, writes nothing in these tests. */
function logInto(log: LogEntry[], context: object): void {
	const write = (level: LogEntry['level']) => (message: string, metadata?: object) =>
		void log.push({ level, text: [message, metadata && JSON.stringify(metadata)].join(' ').trim() });
	const logger = { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
	Object.defineProperty(context, 'logger', { value: logger });
}

const webhooksOf = ({ description }: INodeType) => description.webhooks as IWebhookDescription[];

export const dataOf = (
	workflow: Workflow,
	node: INode,
	webhookDescription: IWebhookDescription,
	workflowExecuteAdditionalData: IWorkflowExecuteAdditionalData,
) => ({
	httpMethod: webhookDescription.httpMethod as 'POST',
	node: node.name,
	path: String(webhookDescription.path),
	webhookDescription,
	workflowId: workflow.id,
	workflowExecuteAdditionalData,
});

/** What n8n gives a hook. */
export interface HookCall {
	engine: Engine;
	workflow: Workflow;
	node: INode;
	hook: Hook;
	mode: WorkflowExecuteMode;
	activation: WorkflowActivateMode;
	/** What n8n's webhook addresses begin with. */
	urls?: Partial<IWorkflowExecuteAdditionalData>;
	isTest?: boolean;
	log: LogEntry[];
}

/** Calls a hook of a node's POST webhook. */
export async function callHook(call: HookCall): Promise<boolean | undefined> {
	const { engine, workflow, node, mode, activation, urls, isTest = false } = call;
	const type = engine.nodeTypes.getByNameAndVersion(node.type);
	const additionalData = { ...engine.additionalData(mode), ...urls };
	const [description] = webhooksOf(type) as [IWebhookDescription];
	const data = { ...dataOf(workflow, node, description, additionalData), isTest };
	const context = new HookContext(workflow, node, additionalData, mode, activation, data);
	logInto(call.log, context);
	return await type.webhookMethods?.default?.[call.hook]?.call(context);
}

const SETTLING_TIMEOUT_MS = 600_000;

/** A published workflow whose first node has a webhook, served on loopback. */
export abstract class ServedWebhook extends Loopback {
	/** What `webhook()` threw: n8n would answer 500 and store a failed run. */
	readonly thrown: unknown[] = [];
	/** What the node wrote to n8n's log, in order. */
	readonly log: LogEntry[] = [];
	private pending = 0;

	constructor(
		protected readonly engine: Engine,
		readonly workflow: Workflow,
		readonly node: INode,
		protected readonly mode: WorkflowExecuteMode,
	) {
		super();
	}

	/** What follows the address of n8n's webhooks. */
	protected abstract readonly path: string;

	/** Does what n8n does with what the node made of a request. */
	protected abstract begin(items: INodeExecutionData[][], response: Response): Promise<void>;

	get url(): string {
		return `${this.origin}/webhook/${this.path}`;
	}

	/** What n8n's webhook addresses begin with. */
	protected get urls(): Partial<IWorkflowExecuteAdditionalData> {
		return {};
	}

	/** Resolves when every request was handled and every run has ended. */
	async settled(): Promise<void> {
		const deadline = performance.now() + SETTLING_TIMEOUT_MS;
		while (this.pending > 0) {
			if (performance.now() > deadline) throw new Error('A delivery was never handled to its end');
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	}

	/** Calls a hook. */
	async hook(hook: Hook, activation: WorkflowActivateMode = 'activate'): Promise<boolean | undefined> {
		const { engine, workflow, node, mode, urls, log } = this;
		return await callHook({ engine, workflow, node, hook, mode, activation, urls, log });
	}

	protected additionalData(): IWorkflowExecuteAdditionalData {
		return { ...this.engine.additionalData(this.mode), ...this.urls };
	}

	protected override async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
		this.pending += 1;
		try {
			await this.handle(request, response);
		} catch (error) {
			this.thrown.push(error);
		} finally {
			this.pending -= 1;
		}
	}

	private async handle(request: IncomingMessage, incoming: ServerResponse): Promise<void> {
		const httpRequest = await asExpressRequest(request, this.node.typeVersion).catch(() => undefined);
		if (httpRequest === undefined) {
			// n8n answers this by itself before any node is asked.
			incoming.writeHead(422).end('Failed to parse request body');
			return;
		}
		const response = asExpressResponse(incoming);
		const type = this.engine.nodeTypes.getByNameAndVersion(this.node.type);
		const [first, ...others] = webhooksOf(type) as [IWebhookDescription, ...IWebhookDescription[]];
		const description = others.find(({ httpMethod }) => httpMethod === request.method) ?? first;
		const data = { ...this.additionalData(), httpRequest, httpResponse: response };
		const webhookData = dataOf(this.workflow, this.node, description, data);
		const context = new WebhookContext(this.workflow, this.node, data, this.mode, webhookData, [], null);
		logInto(this.log, context);
		let result: IWebhookResponseData;
		try {
			result = (await type.webhook?.call(context)) ?? {};
		} catch (error) {
			this.thrown.push(error);
			incoming.writeHead(500).end('Error in webhook');
			return;
		}
		if (result.workflowData !== undefined) return await this.begin(result.workflowData, response);
		if (!result.noWebhookResponse) incoming.end(JSON.stringify(result.webhookResponse ?? {}));
	}
}
