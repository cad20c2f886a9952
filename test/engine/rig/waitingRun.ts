import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { WebhookContext } from 'n8n-core';
import type {
	IDataObject,
	INode,
	INodeExecutionData,
	INodeType,
	IRunExecutionData,
	IWebhookDescription,
	IWebhookResponseData,
	IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';
import { Loopback, send, type WebhookAnswer } from './delivery';
import type { Engine, RunResult, WorkflowSnapshot } from './engine';
import { asExpressRequest, asExpressResponse, dataOf } from './webhookNode';

/** What came to the resume URL. */
export interface ResumeRequest {
	headers: IncomingHttpHeaders;
	body: Buffer;
	/** What it was answered. */
	status?: number;
}

/** The last request of the package itself comes at the deadline, and may take a while. */
const AFTER_DEADLINE_MS = 5_000;
/** n8n's N8N_PAYLOAD_SIZE_MAX, of a body that is no longer compressed. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Longer than any test lets an execution wait. */
const PATIENCE_MS = 48 * 3_600_000;

/** Items for a number of conversations. */
export const rows = (count: number) => Array.from({ length: count }, (_, index) => ({ index }));

/** @returns what n8n's database gives back of something */
export const asStored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** An execution in Start and Wait or Make and Wait. Its resume URL is served as n8n's WaitingWebhooks do. */
export class WaitingRun extends Loopback {
	/** How the execution began: with an error, or waiting. */
	result!: RunResult;
	/** What became of it after the wait, from the waiting node to the end of the workflow. */
	resumed?: RunResult;
	/** How often the resume webhook handed items to n8n, or its deadline came. */
	resumptions = 0;
	/** The process that receives what comes to the resume URL. Default: the one that runs the node. */
	receiver?: Engine;
	/** Called for each request that comes there. */
	beforeReceiving?: () => void;
	/** How many resumptions n8n fails at, as it does while its database is away. */
	failures = 0;
	/** A proxy in front of n8n. @returns the status with which it refuses a request itself */
	proxy?: (request: IncomingMessage) => number | undefined;
	/** How many requests find that n8n has not stored the execution yet. */
	busy = 0;
	readonly executionId = randomUUID();
	readonly requests: ResumeRequest[] = [];
	private isResumed = false;
	private onResumed = (): void => undefined;

	constructor(
		private readonly engine: Engine,
		readonly workflow: WorkflowSnapshot,
		private readonly deadlineMs: number,
	) {
		super();
	}

	/** What n8n puts before the execution's ID. */
	get webhookWaitingBaseUrl(): string {
		return `${this.origin}/webhook-waiting`;
	}

	/** What the node put out, on its first output, when the execution was resumed. */
	get output(): INodeExecutionData[] | undefined {
		return this.resumed && (this.resumed.output[0] ?? []);
	}

	/** Sends something that came to another resume URL to this one. */
	async replay({ headers, body }: ResumeRequest): Promise<WebhookAnswer> {
		const others = { ...headers };
		// The body is kept as n8n hands it over.
		for (const name of ['host', 'content-encoding', 'content-length']) delete others[name];
		return await send(`${this.webhookWaitingBaseUrl}/replayed/videosdk`, { headers: others, body });
	}

	/** @returns what the node put out, or undefined if the execution is not resumed in time */
	async resumedWithin(ms = PATIENCE_MS): Promise<INodeExecutionData[] | undefined> {
		let timer: NodeJS.Timeout | undefined;
		await new Promise<void>((resolve) => {
			this.onResumed = resolve;
			timer = setTimeout(resolve, ms);
			if (this.resumed) resolve();
		});
		clearTimeout(timer);
		return this.output;
	}

	/** The json of what the node put out. */
	async jsonWithin(ms?: number): Promise<IDataObject[] | undefined> {
		return (await this.resumedWithin(ms))?.map(({ json }) => json);
	}

	/** n8n's wait tracker finds that the time of `putExecutionToWait` is over. It loads no static data. */
	async reachDeadline(): Promise<RunResult> {
		return await this.goOn(asStored(this.result.run.data), false);
	}

	/** Resolves when the package does not ask any more, which it does until the execution is resumed: at the latest at the deadline. */
	override async close(): Promise<void> {
		if (this.isWaiting) await this.resumedWithin(this.deadlineMs + AFTER_DEADLINE_MS - Date.now());
		await super.close();
	}

	/** n8n lost the resumption that it had accepted. */
	loseResumption(): void {
		this.isResumed = false;
		this.resumed = undefined;
	}

	private get isWaiting(): boolean {
		return this.result?.run.status === 'waiting' && !this.isResumed;
	}

	private async goOn(data: IRunExecutionData, withStaticData: boolean): Promise<RunResult> {
		this.resumptions++;
		this.isResumed = true;
		const { engine, executionId, webhookWaitingBaseUrl } = this;
		const workflow = engine.load(this.workflow, withStaticData);
		this.resumed = await engine.execute(workflow, 'trigger', data, { executionId, webhookWaitingBaseUrl });
		this.onResumed();
		return this.resumed;
	}

	protected override async receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const refusal = this.proxy?.(incoming);
		if (refusal !== undefined) {
			incoming.resume();
			response.writeHead(refusal).end('<html>');
			return;
		}
		const request = await asExpressRequest(incoming, 1);
		const entry: ResumeRequest = { headers: incoming.headers, body: request.rawBody };
		this.requests.push(entry);
		response.once('finish', () => (entry.status = response.statusCode));
		this.beforeReceiving?.();
		if (request.rawBody.length > MAX_BODY_BYTES) {
			asExpressResponse(response).status(500).json({ code: 0, message: 'request entity too large' });
			return;
		}
		// Not stored yet, or over.
		if (!this.isWaiting || this.busy-- > 0) {
			const reason = this.isResumed ? 'has finished already' : 'is running already';
			asExpressResponse(response)
				.status(409)
				.json({ code: 409, message: `The execution "1" ${reason}.` });
			return;
		}
		const data = asStored(this.result.run.data);
		const [waiting] = data.executionData?.nodeExecutionStack ?? [];
		if (waiting === undefined) throw new Error('The execution waits at no node');
		waiting.node.disabled = true;
		data.waitTill = undefined;
		data.resultData.runData[waiting.node.name]?.pop();
		const type = this.typeOf(waiting.node);
		const { pathname, search } = new URL(String(incoming.url), 'http://n8n');
		const description = type.description.webhooks?.find(
			({ httpMethod, path }) =>
				httpMethod === incoming.method && [pathname, search].some((part) => part.endsWith(`/${path}`)),
		);
		if (description === undefined) {
			response.writeHead(404).end();
			return;
		}
		const outgoing = asExpressResponse(response);
		const answer = await this.callWebhook(data, waiting.node.name, description, request, outgoing);
		if (answer.workflowData !== undefined && this.failures-- > 0) {
			outgoing.status(500).json({ message: 'There was a problem executing the workflow' });
			return;
		}
		if (answer.workflowData !== undefined) {
			waiting.data.main = answer.workflowData;
			waiting.metadata = { ...waiting.metadata, forwardAllOutputs: true };
			void this.goOn(data, true);
		}
		if (answer.webhookResponse !== undefined) outgoing.status(200).json(answer.webhookResponse);
		else if (!answer.noWebhookResponse) response.writeHead(200).end();
	}

	private async callWebhook(
		data: IRunExecutionData,
		nodeName: string,
		webhookDescription: IWebhookDescription,
		httpRequest: IWorkflowExecuteAdditionalData['httpRequest'],
		httpResponse: IWorkflowExecuteAdditionalData['httpResponse'],
	): Promise<IWebhookResponseData> {
		const workflow = this.engine.load(this.workflow, false);
		const node = workflow.getNode(nodeName) as INode;
		const reader = this.receiver?.credentialId === this.engine.credentialId ? this.receiver : this.engine;
		const ofExecution = reader.additionalData('trigger', this.executionId);
		const additionalData = { ...ofExecution, httpRequest, httpResponse };
		const webhookData = dataOf(workflow, node, webhookDescription, additionalData);
		const context = new WebhookContext(workflow, node, additionalData, 'trigger', webhookData, [], data);
		return (await this.typeOf(node).webhook?.call(context)) ?? {};
	}

	private typeOf({ type }: INode): INodeType {
		return (this.receiver ?? this.engine).nodeTypes.getByNameAndVersion(type);
	}
}
