import type { INodeExecutionData } from 'n8n-workflow';
import type { RunResult } from './engine';
import { type Response, ServedWebhook } from './webhookNode';

/** A published workflow that begins with the trigger. */
export class PublishedTrigger extends ServedWebhook {
	/** The runs that were begun, in order. */
	readonly runs: RunResult[] = [];
	/** How n8n fares when it stores a run: false answers 500, as when its database is away. */
	canStoreRuns = true;
	/** Held before a run is stored, so that the sender waits. */
	beforeStoring: () => Promise<void> = async () => undefined;
	protected readonly path = 'test/webhook';

	/** Registers the webhook as n8n does on publishing, unless another process has done that, and begins to listen. */
	async open(withHooks = true): Promise<void> {
		if (withHooks && !(await this.hook('checkExists'))) await this.hook('create');
		this.log.length = 0;
		await this.listen();
	}

	/** The items that all runs together handed on to the node behind the trigger. */
	async received(): Promise<Array<Record<string, unknown>>> {
		await this.settled();
		return this.runs.flatMap(({ routed }) => routed.success.map(({ json }) => json));
	}

	protected async begin(items: INodeExecutionData[][], response: Response): Promise<void> {
		await this.beforeStoring();
		if (!this.canStoreRuns) {
			response.writeHead(500).end('There was a problem executing the workflow');
			return;
		}
		const run = this.engine.runFrom(this.workflow, this.node, items, this.mode);
		response.writeHead(200).end();
		this.runs.push(await run);
	}
}
