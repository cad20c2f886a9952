import { join } from 'node:path';
import { createCredential, PACKAGE } from '../../e2e/setup';
import type { N8n, N8nOptions, N8nProcess } from '../../n8n/instance';
import { startN8n, startWorker } from '../../n8n/instance';
import { installPackage, packPackage } from '../../n8n/package';
import { temporaryFolder, waitFor } from '../../n8n/processes';
import type { Execution, ExecutionSummary, WorkflowJson } from '../../n8n/rest';
import { isFinal } from '../../n8n/rest';
import { startPostgres, startRedis } from '../../n8n/services';
import { BARE_PACKAGE, writeBarePackage } from './barePackage';
import type { SimulatorProcess } from './simulatorProcess';

const RUN_END_TIMEOUT_MS = 120_000;
const WEBHOOK_TIMEOUT_MS = 30_000;
const PAGE_SIZE = 100;
/** The workflow built by hand verifies with it. */
const CODE_SETTINGS = { NODE_FUNCTION_ALLOW_BUILTIN: 'crypto' };

interface Page {
	results: ExecutionSummary[];
	count: number;
}

const inUserFolder = (userFolder: string, name: string): string =>
	join(userFolder, '.n8n', 'nodes', 'node_modules', name);

/** n8n with our package and the bare trigger in its user folder. */
async function prepared(options: N8nOptions): Promise<N8nOptions> {
	const userFolder = temporaryFolder('videosdk-bench');
	await installPackage(userFolder, await packPackage());
	// npm would have removed it.
	writeBarePackage(inUserFolder(userFolder, BARE_PACKAGE));
	return { ...options, env: { ...CODE_SETTINGS, ...options.env }, userFolder, tarball: null };
}

/** A real n8n with our package and the bare trigger, and our credential for the simulator. */
export class Host {
	private constructor(
		readonly n8n: N8n,
		readonly simulator: SimulatorProcess,
		readonly credential: { id: string; name: string },
	) {}

	static async start(simulator: SimulatorProcess, options: N8nOptions = {}): Promise<Host> {
		const n8n = await startN8n(await prepared(options));
		return new Host(n8n, simulator, await createCredential(n8n.rest, simulator));
	}

	/** Where packages are in its user folder. */
	get packages(): { ours: string; bare: string } {
		const { userFolder } = this.n8n;
		return { ours: inUserFolder(userFolder, PACKAGE), bare: inUserFolder(userFolder, BARE_PACKAGE) };
	}

	/** Creates and publishes a workflow, and waits until n8n knows its webhook. @returns its id */
	async publish(workflow: WorkflowJson, webhookPath: string): Promise<string> {
		const { rest } = this.n8n;
		const { id } = await rest.createWorkflow(workflow);
		await rest.activate(id);
		await waitFor(
			`the webhook ${webhookPath}`,
			async () => {
				// Starts no run: n8n knows by then that POST would be right.
				const answer = await fetch(this.webhookUrl(webhookPath)).catch(() => undefined);
				return (await answer?.text())?.includes('not registered for GET') ? true : undefined;
			},
			WEBHOOK_TIMEOUT_MS,
		);
		return id;
	}

	/** The address of a production webhook. */
	webhookUrl(path: string): string {
		return `${this.n8n.url}/webhook/${path}`;
	}

	/** How many runs a workflow has and how many of them went well, once as many as wanted have ended. */
	async endedRuns(workflowId: string, wanted: number): Promise<{ runs: number; succeeded: number }> {
		return await waitFor(
			`the end of ${wanted} runs`,
			async () => {
				const runs = await this.runs(workflowId);
				if (runs < wanted || (await this.runs(workflowId, ['new', 'running', 'waiting'])) > 0)
					return undefined;
				return { runs, succeeded: await this.runs(workflowId, ['success']) };
			},
			RUN_END_TIMEOUT_MS,
			500,
		);
	}

	/** The latest runs of a workflow, at most a hundred, once as many as wanted have ended. Asks seldom, for little. */
	async newestRuns(workflowId: string, afterId: string, wanted: number): Promise<ExecutionSummary[]> {
		return await waitFor(
			`the end of ${wanted} new runs`,
			async () => {
				const { results } = await this.page(workflowId, PAGE_SIZE);
				const fresh = results.filter(({ id }) => Number(id) > Number(afterId));
				return fresh.length >= wanted && fresh.every(isFinal) ? fresh : undefined;
			},
			RUN_END_TIMEOUT_MS,
			500,
		);
	}

	/**
	 * How many runs of a workflow there are, or are in one of these states. By n8n's own count: the pages of its list leave runs out,
	 * since their cursor is less exact than Postgres's times.
	 */
	async runs(workflowId: string, status?: string[]): Promise<number> {
		return (await this.page(workflowId, 1, status)).count;
	}

	/** The id of the latest run of a workflow; "0" if there is none. */
	async latestId(workflowId: string): Promise<string> {
		return (await this.page(workflowId, 1)).results[0]?.id ?? '0';
	}

	/** The latest run of a workflow, with its data. */
	async latestRun(workflowId: string, after = '0'): Promise<Execution> {
		return await waitFor(
			'the run to be stored',
			async () => {
				const [found] = (await this.page(workflowId, 1)).results;
				if (!found || Number(found.id) <= Number(after) || !isFinal(found)) return undefined;
				return await this.n8n.rest.getExecution(found.id);
			},
			RUN_END_TIMEOUT_MS,
			50,
		);
	}

	private async page(workflowId: string, limit: number, status?: string[]): Promise<Page> {
		const query = new URLSearchParams({
			filter: JSON.stringify({ workflowId, status }),
			limit: String(limit),
		});
		return await this.n8n.rest.call<Page>('GET', `/executions?${query}`);
	}
}

/** Measures in an n8n in queue mode, with Postgres and Redis of its own, and ends them. */
export async function inQueueMode(
	simulator: SimulatorProcess,
	options: N8nOptions,
	measure: (host: Host, addWorker: () => Promise<void>) => Promise<void>,
): Promise<void> {
	const services = [await startPostgres(), await startRedis()];
	const started: N8nProcess[] = [];
	try {
		const env = Object.assign({}, options.env, ...services.map((service) => service.env));
		const queue = { ...options, env, mode: 'queue' } as const;
		const host = await Host.start(simulator, queue);
		started.push(host.n8n);
		await measure(host, async () => void started.push(await startWorker(await prepared(queue))));
	} finally {
		for (const process of started.reverse()) await process.stop();
		for (const service of services) await service.stop();
	}
}
