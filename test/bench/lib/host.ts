import { join } from 'node:path';
import { CREDENTIAL_TYPE, PACKAGE } from '../../e2e/setup';
import type { N8n } from '../../n8n/instance';
import { startN8n } from '../../n8n/instance';
import { installPackage, packPackage } from '../../n8n/package';
import { temporaryFolder, waitFor } from '../../n8n/processes';
import type { Execution, ExecutionSummary, WorkflowJson } from '../../n8n/rest';
import { isFinal } from '../../n8n/rest';
import { installBarePackage } from './barePackage';
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

/** A real n8n with our package and the bare trigger, and our credential for the simulator. */
export interface Host {
	n8n: N8n;
	simulator: SimulatorProcess;
	credential: { id: string; name: string };
	/** Creates and publishes a workflow. @returns its id */
	publish(workflow: WorkflowJson, webhookPath: string): Promise<string>;
	/** Waits until n8n knows a production webhook. */
	untilPublished(webhookPath: string): Promise<void>;
	/** The address of a production webhook. */
	webhookUrl(path: string): string;
	/** How many runs a workflow has and how many of them went well, once as many as wanted have ended. */
	endedRuns(workflowId: string, wanted: number): Promise<{ runs: number; succeeded: number }>;
	/** The latest runs of a workflow, at most a hundred, once as many as wanted have ended. Asks seldom, for little. */
	newestRuns(workflowId: string, afterId: string, wanted: number): Promise<ExecutionSummary[]>;
	/** How many runs of a workflow are in one of these states. */
	runs(workflowId: string, status: string[]): Promise<number>;
	/** The id of the latest run of a workflow; "0" if there is none. */
	latestId(workflowId: string): Promise<string>;
	/** The latest run of a workflow, with its data. */
	latestRun(workflowId: string, after?: string): Promise<Execution>;
}

/** A user folder with both packages, as n8n would have installed them. */
export async function preparedUserFolder(name: string): Promise<string> {
	const userFolder = temporaryFolder(`videosdk-bench-${name}`);
	await installPackage(userFolder, await packPackage());
	installBarePackage(userFolder);
	return userFolder;
}

/** Where our package is in a user folder. */
export const packageFolder = (userFolder: string): string =>
	join(userFolder, '.n8n', 'nodes', 'node_modules', PACKAGE);

/** Starts an n8n for measuring. */
export async function startHost(
	simulator: SimulatorProcess,
	env: Record<string, string> = {},
): Promise<Host> {
	const n8n = await startN8n({
		userFolder: await preparedUserFolder('n8n'),
		// Installed already.
		tarball: null,
		env: { ...CODE_SETTINGS, ...env },
	});
	return await hostOf(n8n, simulator);
}

/** Makes a host of an n8n that runs. */
export async function hostOf(n8n: N8n, simulator: SimulatorProcess): Promise<Host> {
	const { rest } = n8n;
	const name = 'VideoSDK';
	const { id } = await rest.createCredential({
		name,
		type: CREDENTIAL_TYPE,
		data: {
			apiKey: simulator.apiKey,
			secretKey: simulator.secret,
			baseUrl: simulator.url,
			webhookPublicKey: '',
		},
	});
	const page = async (workflowId: string, limit: number, status?: string[]): Promise<Page> => {
		const query = new URLSearchParams({
			filter: JSON.stringify({ workflowId, status }),
			limit: String(limit),
		});
		return await rest.call<Page>('GET', `/executions?${query}`);
	};
	const latest = async (workflowId: string): Promise<ExecutionSummary | undefined> =>
		(await page(workflowId, 1)).results[0];
	// By n8n's own count: the pages of its list leave runs out, since their cursor is less exact than Postgres's times.
	const count = async (workflowId: string, status?: string[]): Promise<number> =>
		(await page(workflowId, 1, status)).count;
	const untilPublished = async (webhookPath: string): Promise<void> => {
		await waitFor(
			`the webhook ${webhookPath}`,
			async () => {
				// Starts no run: n8n knows by then that POST would be right.
				const answer = await fetch(`${n8n.url}/webhook/${webhookPath}`).catch(() => undefined);
				return (await answer?.text())?.includes('not registered for GET') ? true : undefined;
			},
			WEBHOOK_TIMEOUT_MS,
		);
	};
	return {
		n8n,
		simulator,
		credential: { id, name },
		untilPublished,
		async publish(workflow, webhookPath) {
			const stored = await rest.createWorkflow(workflow);
			await rest.activate(stored.id);
			await untilPublished(webhookPath);
			return stored.id;
		},
		webhookUrl: (path) => `${n8n.url}/webhook/${path}`,
		endedRuns: async (workflowId, wanted) =>
			await waitFor(
				`the end of ${wanted} runs`,
				async () => {
					const runs = await count(workflowId);
					if (runs < wanted || (await count(workflowId, ['new', 'running', 'waiting'])) > 0) return undefined;
					return { runs, succeeded: await count(workflowId, ['success']) };
				},
				RUN_END_TIMEOUT_MS,
				500,
			),
		newestRuns: async (workflowId, afterId, wanted) =>
			await waitFor(
				`the end of ${wanted} new runs`,
				async () => {
					const { results } = await page(workflowId, PAGE_SIZE);
					const fresh = results.filter(({ id }) => Number(id) > Number(afterId));
					return fresh.length >= wanted && fresh.every(isFinal) ? fresh : undefined;
				},
				RUN_END_TIMEOUT_MS,
				500,
			),
		runs: count,
		latestId: async (workflowId) => (await latest(workflowId))?.id ?? '0',
		latestRun: async (workflowId, after = '0') =>
			await waitFor(
				'the run to be stored',
				async () => {
					const found = await latest(workflowId);
					if (!found || Number(found.id) <= Number(after) || !isFinal(found)) return undefined;
					return await rest.getExecution(found.id);
				},
				RUN_END_TIMEOUT_MS,
				50,
			),
	};
}
