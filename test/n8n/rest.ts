import { join } from 'node:path';
import { PlainError, repositoryRoot, waitFor } from './processes';

/** In which n8n stores the data of executions; ESLint brings the same library. */
const flatted = require(join(repositoryRoot, 'node_modules/flatted')) as {
	parse: (text: string) => Execution['data'];
};

/** The account every test instance is given. */
export const OWNER = {
	email: 'owner@example.com',
	password: 'Try-agent-cloud-1',
	firstName: 'Test',
	lastName: 'Owner',
};

type Json = Record<string, unknown>;

export interface WorkflowNode {
	id?: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: Json;
	webhookId?: string;
	credentials?: Record<string, { id: string; name: string }>;
	[key: string]: unknown;
}

export interface WorkflowJson {
	name: string;
	nodes: WorkflowNode[];
	connections: Json;
	settings?: Json;
	[key: string]: unknown;
}

export type StoredWorkflow = WorkflowJson & { id: string; versionId: string };

interface NodeRun {
	executionStatus?: string;
	error?: Json & { message: string };
	data?: Record<string, Array<Array<{ json: Json; [key: string]: unknown }> | null>>;
}

export interface Execution {
	id: string;
	workflowId: string;
	status: string;
	mode: string;
	finished: boolean;
	startedAt: string;
	data: {
		resultData: {
			runData: Record<string, NodeRun[]>;
			error?: Json & { message: string };
			/** What the run can be searched by; n8n 1.x keeps that elsewhere. */
			metadata?: Record<string, string>;
		};
		[key: string]: unknown;
	};
}

type ExecutionSummary = Omit<Execution, 'data'>;
type RunFilter = { workflowId?: string; status?: string[] };

/** The items of one output of a node, of its last pass. */
export function outputOf(execution: Execution, nodeName: string, outputIndex = 0): Json[] {
	const nodeRun = execution.data.resultData.runData[nodeName]?.at(-1);
	return (nodeRun?.data?.main?.[outputIndex] ?? []).map((item) => item.json);
}

const FINAL_STATUSES = new Set(['success', 'error', 'crashed', 'canceled']);
/** Without a filter n8n asks its database twice, and a run that ends in between is in neither answer. */
const ALL_STATUSES = ['new', 'running', 'waiting', 'unknown', ...FINAL_STATUSES];

/** Whether a run has come to its end (a waiting run has not). */
export const isFinal = (execution: { status: string }): boolean => FINAL_STATUSES.has(execution.status);

/** Whether a run is over and stored as a whole; by n8n 1.x that takes a moment. @param lastNode has an output at last if all goes well */
export function isStored(execution: Execution, lastNode?: string): boolean {
	if (!isFinal(execution)) return false;
	const result = (execution.data as Execution['data'] | undefined)?.resultData;
	if (execution.status === 'canceled') return result !== undefined;
	if (execution.status !== 'success') return result?.error !== undefined;
	const runData = result?.runData ?? {};
	const runs = lastNode === undefined ? Object.values(runData) : [runData[lastNode] ?? []];
	// When n8n resumes a waiting run, it first takes the waiting node's own run away and leaves an empty list.
	return runs.length > 0 && runs.every(({ length }) => length > 0);
}

/** An answer of n8n's REST interface that is not a 2xx. */
export class RestError extends Error {
	constructor(
		readonly status: number,
		readonly body: string,
		call: string,
	) {
		super(`${call} was answered ${status}: ${body.slice(0, 500)}`);
	}
}

/** Yields undefined instead of failing while n8n or its database is down or starting. */
async function patiently<T>(attempt: () => Promise<T | undefined>): Promise<T | undefined> {
	try {
		return await attempt();
	} catch (error) {
		if (error instanceof RestError ? error.status >= 500 : error instanceof TypeError) return undefined;
		throw error;
	}
}

/** A client of n8n's own REST interface, logged in as the owner. */
export class N8nRest {
	private cookie = '';
	private lastStored: Promise<unknown> = Promise.resolve();

	constructor(
		readonly url: string,
		public version = '',
	) {}

	get isFirstLine(): boolean {
		return this.version.startsWith('1.');
	}

	/** One call under `/rest`; yields the answer's `data`. */
	async call<T = Json>(method: string, path: string, body?: unknown): Promise<T> {
		try {
			return await this.send<T>(method, path, body);
		} catch (error) {
			const loginLost = error instanceof RestError && error.status === 401 && path !== '/login';
			if (!loginLost || this.cookie === '') throw error;
			await this.login();
			return await this.send<T>(method, path, body);
		}
	}

	private async send<T>(method: string, path: string, body?: unknown): Promise<T> {
		const response = await fetch(`${this.url}/rest${path}`, {
			method,
			// No kept-alive connection: n8n may have closed it at this very moment.
			headers: { 'content-type': 'application/json', connection: 'close', cookie: this.cookie },
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		const text = await response.text();
		if (!response.ok) throw new RestError(response.status, text, `${method} /rest${path}`);
		const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
		const login = cookies.find((cookie) => cookie?.startsWith('n8n-auth='));
		if (login) this.cookie = login;
		return text === '' ? (undefined as T) : (JSON.parse(text) as { data: T }).data;
	}

	async setupOwner(): Promise<void> {
		await this.send('POST', '/owner/setup', OWNER).catch((error: unknown) => {
			// It has one already.
			if (!(error instanceof RestError) || error.status >= 500) throw error;
		});
		// The set-up does not log in on every version.
		await this.login();
	}

	private async login(): Promise<void> {
		await this.send('POST', '/login', { emailOrLdapLoginId: OWNER.email, password: OWNER.password });
	}

	async createCredential(credential: object): Promise<{ id: string }> {
		return await this.store('POST', '/credentials', credential);
	}

	/** What the "Test" button of a stored credential shows. */
	async testCredential(id: string): Promise<{ status: 'OK' | 'Error'; message: string }> {
		const credential = await this.call('GET', `/credentials/${id}?includeData=true`);
		return await this.call('POST', '/credentials/test', {
			credentials: { id, name: credential.name, type: credential.type, data: credential.data },
		});
	}

	async createWorkflow({ name, nodes, connections, settings }: WorkflowJson): Promise<StoredWorkflow> {
		return await this.store('POST', '/workflows', {
			name,
			nodes,
			connections,
			active: false,
			settings: { executionOrder: 'v1', ...settings },
		});
	}

	/** One by one: n8n 1.x keeps sqlite on one connection and answers two at once with "cannot start a transaction within a transaction". */
	private async store<T>(method: string, path: string, body: object): Promise<T> {
		const stored = this.lastStored.then(async () => await this.call<T>(method, path, body));
		this.lastStored = stored.catch(() => undefined);
		return await stored;
	}

	/** A page or file, as the editor gets it. */
	async page(path: string): Promise<Response> {
		return await fetch(`${this.url}${path}`, { headers: { cookie: this.cookie } });
	}

	async getWorkflow(id: string): Promise<StoredWorkflow> {
		return await this.call('GET', `/workflows/${id}`);
	}

	async updateWorkflow(id: string, changes: Partial<WorkflowJson>): Promise<StoredWorkflow> {
		const { versionId } = await this.getWorkflow(id);
		return await this.store('PATCH', `/workflows/${id}`, { ...changes, versionId });
	}

	/** Publishes a workflow (2.x) or sets it active (1.x). @throws on 1.x if a trigger does not let it */
	readonly activate = async (id: string) => await this.setActive(id, true);
	readonly deactivate = async (id: string) => await this.setActive(id, false);

	private async setActive(id: string, active: boolean): Promise<void> {
		const path = `/workflows/${id}`;
		const { versionId } = await this.getWorkflow(id);
		if (this.isFirstLine) return void (await this.store('PATCH', path, { active, versionId }));
		if (active) await this.store('POST', `${path}/activate`, { versionId, name: 'First version' });
		else await this.store('POST', `${path}/deactivate`, {});
		// n8n 2.x answers before it calls the hooks of the triggers. The older ones of that line do not tell when they are through.
		const isOver = async () =>
			(await this.call('GET', `${path}/publication-status`).catch(() => undefined))?.status !== 'in_progress';
		await waitFor(`the publication of workflow ${id} to end`, isOver, 120_000);
	}

	/** Runs a workflow as the editor's "Execute workflow" does, from a trigger that needs no outside event. @returns the run's id */
	async startWorkflow(id: string): Promise<string> {
		const workflowData = await this.getWorkflow(id);
		const triggers = workflowData.nodes.filter(({ type }) => /trigger$/i.test(type));
		const trigger = triggers.find(({ type }) => type.endsWith('.manualTrigger')) ?? triggers[0];
		const { executionId } = await this.call<{ executionId?: string }>('POST', `/workflows/${id}/run`, {
			// 1.x takes the workflow from here, 2.x from its database.
			workflowData,
			triggerToStartFrom: { name: trigger?.name },
		});
		if (executionId) return executionId;
		throw new PlainError(`"${workflowData.name}" did not start: it has no trigger to be run from.`);
	}

	async runWorkflow(id: string): Promise<Execution> {
		return await this.untilEnded(await this.startWorkflow(id));
	}

	/** Waits for the end of a run. @param lastNode see `isStored` */
	async untilEnded(executionId: string, lastNode?: string, timeoutMs = 120_000): Promise<Execution> {
		const ended = async () => {
			const execution = await patiently(async () => await this.getExecution(executionId));
			return execution && isStored(execution, lastNode) && execution;
		};
		return await waitFor(`the end of run ${executionId}`, ended, timeoutMs);
	}

	/** Calls a production webhook of n8n, by its path after `/webhook/` or by its whole address. */
	async triggerByWebhook(pathOrUrl: string, body: unknown = {}): Promise<Response> {
		const url = /^https?:/.test(pathOrUrl) ? pathOrUrl : `${this.url}/webhook/${pathOrUrl}`;
		const headers = { 'content-type': 'application/json', connection: 'close' };
		return await fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
	}

	/** All runs, newest first, without their data. */
	async listExecutions(filter: RunFilter = {}): Promise<ExecutionSummary[]> {
		const whole = JSON.stringify({ status: ALL_STATUSES, ...filter });
		const all: ExecutionSummary[] = [];
		const limit = 100;
		let next: Record<string, string> = {};
		for (;;) {
			const query = new URLSearchParams({ filter: whole, limit: String(limit), ...next });
			const { results, nextCursor } = await this.call<{
				results: ExecutionSummary[];
				/** Of 2.x only; null on the last page. */
				nextCursor?: string | null;
			}>('GET', `/executions?${query}`);
			const known = new Set(all.map(({ id }) => id));
			const fresh = results.filter(({ id }) => !known.has(id));
			all.push(...fresh);
			if (fresh.length === 0 || results.length < limit || nextCursor === null) return all;
			next = nextCursor ? { cursor: nextCursor } : { lastId: String(all.at(-1)?.id) };
		}
	}

	/** All runs with their data, oldest first. */
	async executions(filter: RunFilter = {}): Promise<Execution[]> {
		const summaries = await this.listExecutions(filter);
		const executions = await Promise.all(summaries.map(async ({ id }) => await this.getExecution(id)));
		return executions
			.filter((execution) => execution !== undefined)
			.sort((first, second) => Number(first.id) - Number(second.id));
	}

	/** One run with its data; undefined if there is none of that id (yet). */
	async getExecution(id: string): Promise<Execution | undefined> {
		try {
			const stored = await this.call<Execution & { data: unknown }>('GET', `/executions/${id}`);
			if (!stored) return undefined;
			const data = typeof stored.data === 'string' ? flatted.parse(stored.data) : stored.data;
			return { ...stored, id: String(stored.id), data };
		} catch (error) {
			if (error instanceof RestError && error.status === 404) return undefined;
			throw error;
		}
	}

	/** Waits until a run that waits or is over fits, and yields it. */
	async waitForExecution(workflowId: string, predicate: (execution: Execution) => boolean) {
		// n8n reads a run before its data: of one that ends in between, the data are there while it still looks under way.
		const fits = (run: Execution) => (run.status === 'waiting' || isStored(run)) && predicate(run);
		const fitting = async () => (await this.executions({ workflowId })).reverse().find(fits);
		return await waitFor('a matching run', async () => await patiently(fitting));
	}

	/** Waits until n8n knows a production webhook: after the start it answers 404 for a while. Our triggers refuse the call. */
	async waitForWebhook(pathOrUrl: string, timeoutMs = 60_000): Promise<number> {
		const statusNow = async () => {
			const response = await this.triggerByWebhook(pathOrUrl);
			await response.arrayBuffer();
			return [404, 503].includes(response.status) ? undefined : response.status;
		};
		const attempt = async () => await statusNow().catch(() => undefined);
		return await waitFor(`the webhook ${pathOrUrl}`, attempt, timeoutMs);
	}
}
