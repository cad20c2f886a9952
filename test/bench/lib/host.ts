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
	nextCursor?: string | null;
}

/** A real n8n with our package and the bare trigger, and our credential for the simulator. */
export interface Host {
	n8n: N8n;
	simulator: SimulatorProcess;
	credential: { id: string; name: string };
	/** Creates and publishes a workflow. @returns its id */
	publish(workflow: WorkflowJson, webhookPath: string): Promise<string>;
	/** The address of a production webhook. */
	webhookUrl(path: string): string;
	/** All runs of a workflow, oldest first, once they have ended. */
	endedRuns(workflowId: string, wanted: number): Promise<ExecutionSummary[]>;
	/** The latest runs of a workflow, at most a hundred, once as many as wanted have ended. Asks seldom, for little. */
	newestRuns(workflowId: string, afterId: string, wanted: number): Promise<ExecutionSummary[]>;
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
	const page = async (workflowId: string, limit: number, cursor?: string): Promise<Page> => {
		const query = new URLSearchParams({ filter: JSON.stringify({ workflowId }), limit: String(limit) });
		if (cursor) query.set('cursor', cursor);
		return await rest.call<Page>('GET', `/executions?${query}`);
	};
	const latest = async (workflowId: string): Promise<ExecutionSummary | undefined> =>
		(await page(workflowId, 1)).results[0];
	const allRuns = async (workflowId: string): Promise<ExecutionSummary[]> => {
		const runs = new Map<string, ExecutionSummary>();
		for (let cursor: string | undefined; ;) {
			const { results, nextCursor } = await page(workflowId, PAGE_SIZE, cursor);
			for (const run of results) runs.set(run.id, run);
			if (!nextCursor)
				return [...runs.values()].sort((first, second) => Number(first.id) - Number(second.id));
			cursor = nextCursor;
		}
	};
	return {
		n8n,
		simulator,
		credential: { id, name },
		async publish(workflow, webhookPath) {
			const stored = await rest.createWorkflow(workflow);
			await rest.activate(stored.id);
			await waitFor(
				`the webhook of "${workflow.name}"`,
				async () => {
					// Starts no run: n8n knows by then that POST would be right.
					const answer = await fetch(`${n8n.url}/webhook/${webhookPath}`);
					return (await answer.text()).includes('not registered for GET') ? true : undefined;
				},
				WEBHOOK_TIMEOUT_MS,
			);
			return stored.id;
		},
		webhookUrl: (path) => `${n8n.url}/webhook/${path}`,
		endedRuns: async (workflowId, wanted) =>
			await waitFor(
				`the end of ${wanted} runs`,
				async () => {
					const runs = await allRuns(workflowId);
					return runs.length >= wanted && runs.every(isFinal) ? runs : undefined;
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
