import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebhookContext } from 'n8n-core';
import type {
	INode,
	INodeExecutionData,
	IWebhookDescription,
	IWebhookResponseData,
	Workflow,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { send, type WebhookAnswer } from './delivery';
import type { Engine, RunResult } from './engine';
import { asExpressRequest, asExpressResponse } from './publishedTrigger';

/** What came to the resume URL. */
export interface ResumeRequest {
	headers: http.IncomingHttpHeaders;
	body: Buffer;
	/** What it was answered. */
	status?: number;
}

/** The last request of the package itself comes at the deadline, and may take a while. */
const AFTER_DEADLINE_MS = 5_000;
const LONG_TIMER_MS = 30_000;

/**
 * For a minute the package remembers which executions were resumed. That timer, and whatever else takes so long, is not to keep
 * the test file from ending.
 */
export function unrefLongTimers(): void {
	const { setTimeout: original } = globalThis;
	const unrefLong = (callback: () => void, ms?: number): NodeJS.Timeout => {
		const timer = original(callback, ms);
		return ms !== undefined && ms >= LONG_TIMER_MS ? timer.unref() : timer;
	};
	jest.spyOn(globalThis, 'setTimeout').mockImplementation(unrefLong as typeof setTimeout);
}

/** An execution in Start and Wait. Its resume URL is served as n8n's WaitingWebhooks do. */
export class WaitingRun {
	/** How the execution began: with an error, or waiting. */
	result!: RunResult;
	/** What the node put out when the execution was resumed. */
	output?: INodeExecutionData[];
	/** How often that was. */
	resumptions = 0;
	/** The process that receives what comes to the resume URL. Default: the one that runs the node. */
	receiver?: Engine;
	/** Called for each request that comes there. */
	beforeReceiving?: () => void;
	readonly requests: ResumeRequest[] = [];
	private readonly server = http.createServer((request, response) => void this.receive(request, response));
	private deadlineMs = 0;

	constructor(
		private readonly engine: Engine,
		readonly workflow: Workflow,
		private readonly node: INode,
		private readonly mode: WorkflowExecuteMode,
	) {}

	/** What n8n puts before the execution's ID. */
	get baseUrl(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhook-waiting`;
	}

	async open(maxWaitMs: number): Promise<void> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		this.deadlineMs = Date.now() + maxWaitMs;
	}

	/** Sends something that came to another resume URL to this one. */
	async replay({ headers, body }: ResumeRequest): Promise<WebhookAnswer> {
		const others = { ...headers };
		delete others.host;
		return await send(`${this.baseUrl}/replayed`, { headers: others, body });
	}

	/** @returns what the node put out, or undefined if the execution is not resumed in time */
	async resumedWithin(ms: number): Promise<INodeExecutionData[] | undefined> {
		const untilMs = performance.now() + ms;
		while (this.output === undefined && performance.now() < untilMs) {
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		return this.output;
	}

	/** Resolves when the package does not ask any more, which it does until the execution is resumed: at the latest at the deadline. */
	async close(): Promise<void> {
		if (this.result?.run.status === 'waiting') {
			await this.resumedWithin(this.deadlineMs + AFTER_DEADLINE_MS - Date.now());
		}
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private async receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const request = await asExpressRequest(incoming, this.node.typeVersion);
		const entry: ResumeRequest = { headers: incoming.headers, body: request.rawBody };
		this.requests.push(entry);
		response.once('finish', () => (entry.status = response.statusCode));
		this.beforeReceiving?.();
		// Not stored yet, or over.
		if (this.result?.run.status !== 'waiting' || this.output !== undefined) {
			const reason = this.output === undefined ? 'is running already' : 'has finished already';
			asExpressResponse(response)
				.status(409)
				.json({ code: 409, message: `The execution "1" ${reason}.` });
			return;
		}
		const type = (this.receiver ?? this.engine).nodeTypes.getByNameAndVersion(this.node.type);
		const additionalData = {
			...this.engine.additionalData(this.mode),
			httpRequest: request,
			httpResponse: asExpressResponse(response),
		};
		const context = new WebhookContext(
			this.workflow,
			this.node,
			additionalData,
			this.mode,
			{
				httpMethod: 'POST',
				node: this.node.name,
				path: '',
				webhookDescription: type.description.webhooks?.[0] as IWebhookDescription,
				workflowId: this.workflow.id,
				workflowExecuteAdditionalData: additionalData,
			},
			[],
			this.result.run.data,
		);
		const answer: IWebhookResponseData = (await type.webhook?.call(context)) ?? {};
		if (answer.workflowData !== undefined) {
			this.output = answer.workflowData[0];
			this.resumptions++;
		}
		if (!answer.noWebhookResponse) response.writeHead(200).end();
	}
}
