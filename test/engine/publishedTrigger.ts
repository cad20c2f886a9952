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
	Logger,
	Workflow,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import type { Engine, RunResult } from './engine';

/** What a node wrote to n8n's log. */
export interface LogEntry {
	level: 'error' | 'warn' | 'info' | 'debug';
	/** The message, and what was given along with it. */
	text: string;
}

/** n8n hands nodes Express's pair, with some additions of its own. */
type Request = NonNullable<IWorkflowExecuteAdditionalData['httpRequest']>;
type Response = NonNullable<IWorkflowExecuteAdditionalData['httpResponse']>;

async function readBytes(request: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
	const bytes = Buffer.concat(chunks);
	return request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
}

/** The types of bodies that n8n reads by itself for a node of any version. */
const PARSED = /^(application\/json|application\/x-www-form-urlencoded|text\/plain)$|[/+]xml$/;

/**
 * Reads the body as n8n does: for a node of version 1 always, for later ones only if its type is one of the usual; the node can
 * read it then. Forms with files are never kept as bytes.
 *
 * @throws SyntaxError if the body is called JSON and is not
 */
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
		return request;
	}
	if (typeVersion > 1 && !PARSED.test(type)) return request;
	await request.readRawBody();
	if (type === 'application/json' && request.rawBody.length > 0) {
		request.body = JSON.parse(request.rawBody.toString('utf8').replace(/^\uFEFF/, '')) as unknown;
	}
	return request;
}

/** Adds Express's two short cuts that the package uses. */
export function asExpressResponse(response: ServerResponse): Response {
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

const SETTLING_TIMEOUT_MS = 600_000;

/** A published workflow that begins with the trigger. Its webhook is served as n8n's WebhookHelpers do. */
export class PublishedTrigger {
	/** The runs that were begun, in order. */
	readonly runs: RunResult[] = [];
	/** What `webhook()` threw: n8n would answer 500 and store a failed run. */
	readonly thrown: unknown[] = [];
	/** What the deliveries made the trigger write to n8n's log, in order. */
	readonly log: LogEntry[] = [];
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
	/** @param withHooks false: another process has published it */
	async open(withHooks = true): Promise<void> {
		if (withHooks && !(await this.call('checkExists'))) await this.call('create');
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
	}

	/**
	 * Resolves when every delivery was handled and every run has ended.
	 *
	 * @throws if that takes too long
	 */
	async settled(): Promise<void> {
		const deadline = performance.now() + SETTLING_TIMEOUT_MS;
		while (this.pending > 0) {
			if (performance.now() > deadline) throw new Error('A delivery was never handled to its end');
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	}

	/** The items that all runs together handed on to the node behind the trigger. */
	async received(): Promise<Array<Record<string, unknown>>> {
		await this.settled();
		return this.runs.flatMap(({ routed }) => routed.success.map(({ json }) => json));
	}

	async close(): Promise<void> {
		if (!this.server.listening) return;
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

	private logger(): Pick<Logger, LogEntry['level']> {
		const write =
			(level: LogEntry['level']) =>
			(message: string, metadata?: object): void =>
				void this.log.push({ level, text: [message, metadata && JSON.stringify(metadata)].join(' ').trim() });
		return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
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
			httpRequest = await asExpressRequest(request, this.node.typeVersion);
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
		// n8n's own logger, which the getter of the context yields, writes nothing in these tests.
		Object.defineProperty(context, 'logger', { value: this.logger() });
		return (await this.type.webhook?.call(context)) ?? {};
	}
}
