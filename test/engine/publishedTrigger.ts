import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { HookContext, WebhookContext } from 'n8n-core';
import type {
	INode,
	INodeType,
	IWebhookData,
	IWebhookDescription,
	IWebhookResponseData,
	IWorkflowExecuteAdditionalData,
	Workflow,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import type { Engine, RunResult } from './engine';

/** n8n hands nodes Express's pair; these are the parts of it that differ from Node's. */
type Request = NonNullable<IWorkflowExecuteAdditionalData['httpRequest']>;
type Response = NonNullable<IWorkflowExecuteAdditionalData['httpResponse']>;

async function readBytes(request: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
	const bytes = Buffer.concat(chunks);
	return request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
}

/** @throws SyntaxError if the body is called JSON and is not */
async function asExpressRequest(request: IncomingMessage): Promise<Request> {
	const bytes = await readBytes(request);
	const type = request.headers['content-type']?.split(';')[0]?.trim();
	const isJson = type === 'application/json' && bytes.length > 0;
	return Object.assign(request, {
		// n8n leaves multipart bodies to the node.
		rawBody: type?.startsWith('multipart/') ? undefined : bytes,
		body: isJson ? (JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, '')) as unknown) : {},
		params: {},
		query: {},
	}) as unknown as Request;
}

function asExpressResponse(response: ServerResponse): Response {
	return Object.assign(response, {
		status(code: number) {
			response.statusCode = code;
			return response;
		},
		json(body: unknown) {
			response.setHeader('content-type', 'application/json; charset=utf-8');
			return response.end(JSON.stringify(body));
		},
	}) as unknown as Response;
}

/** A published workflow that begins with the trigger. Its webhook is served as n8n's WebhookHelpers do. */
export class PublishedTrigger {
	/** The runs that were begun, in order. */
	readonly runs: RunResult[] = [];
	/** What `webhook()` threw: n8n would answer 500 and store a failed run. */
	readonly thrown: unknown[] = [];
	/** How n8n fares when it stores a run: false answers 500, as when its database is away. */
	canStoreRuns = true;
	/** Held before a run is stored, so that the sender waits. */
	beforeStoring: () => Promise<void> = async () => undefined;
	private readonly server = http.createServer(
		(request, response) => void this.receive(request, response).catch((error) => this.thrown.push(error)),
	);
	private pending = 0;

	constructor(
		private readonly engine: Engine,
		readonly workflow: Workflow,
		readonly node: INode,
		private readonly mode: WorkflowExecuteMode,
	) {}

	get url(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhook/test/webhook`;
	}

	/** Registers the webhook as n8n does on publishing, and begins to listen. */
	async open(): Promise<void> {
		if (!(await this.call('checkExists'))) await this.call('create');
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
	}

	/** Resolves when every delivery was handled and every run has ended. */
	async settled(): Promise<void> {
		while (this.pending > 0) await new Promise((resolve) => setTimeout(resolve, 5));
	}

	/** The items that all runs together handed on to the node behind the trigger. */
	async received(): Promise<Array<Record<string, unknown>>> {
		await this.settled();
		return this.runs.flatMap(({ routed }) => routed.success.map(({ json }) => json));
	}

	async close(): Promise<void> {
		if (!this.server.listening) return;
		await this.settled();
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	/** The description that n8n found the webhook by. */
	private get description(): IWebhookDescription {
		return this.type.description.webhooks?.[0] as IWebhookDescription;
	}

	private get type(): INodeType {
		return this.engine.nodeTypes.getByNameAndVersion(this.node.type);
	}

	private webhookData(additionalData: IWorkflowExecuteAdditionalData): IWebhookData {
		return {
			httpMethod: 'POST',
			node: this.node.name,
			path: 'webhook',
			webhookDescription: this.description,
			workflowId: this.workflow.id,
			workflowExecuteAdditionalData: additionalData,
		};
	}

	private async call(method: 'checkExists' | 'create'): Promise<boolean | undefined> {
		const additionalData = this.engine.additionalData(this.mode);
		const context = new HookContext(
			this.workflow,
			this.node,
			additionalData,
			this.mode,
			'activate',
			this.webhookData(additionalData),
		);
		return await this.type.webhookMethods?.default?.[method]?.call(context);
	}

	private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
		this.pending += 1;
		try {
			await this.handle(request, response);
		} finally {
			this.pending -= 1;
		}
	}

	private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
		let httpRequest: Request;
		try {
			httpRequest = await asExpressRequest(request);
		} catch {
			// n8n answers this by itself before any node is asked.
			response.writeHead(422).end('Failed to parse request body');
			return;
		}
		let result: IWebhookResponseData;
		try {
			result = await this.callWebhook(httpRequest, asExpressResponse(response));
		} catch (error) {
			this.thrown.push(error);
			response.writeHead(500).end('Error in webhook');
			return;
		}
		if (result.workflowData === undefined) {
			if (!result.noWebhookResponse) response.end(JSON.stringify(result.webhookResponse ?? {}));
			return;
		}
		await this.beforeStoring();
		if (!this.canStoreRuns) {
			response.writeHead(500).end('There was a problem executing the workflow');
			return;
		}
		const run = this.engine.runFrom(this.workflow, this.node, result.workflowData, this.mode);
		response.writeHead(200).end();
		this.runs.push(await run);
	}

	private async callWebhook(httpRequest: Request, httpResponse: Response): Promise<IWebhookResponseData> {
		const additionalData = { ...this.engine.additionalData(this.mode), httpRequest, httpResponse };
		const context = new WebhookContext(
			this.workflow,
			this.node,
			additionalData,
			this.mode,
			this.webhookData(additionalData),
			[],
			null,
		);
		return (await this.type.webhook?.call(context)) ?? {};
	}
}
