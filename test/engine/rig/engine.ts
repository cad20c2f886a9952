import './environment';
import { randomUUID } from 'node:crypto';
import type { PackageDirectoryLoader } from 'n8n-core';
import {
	ExecuteContext,
	ExecutionLifecycleHooks,
	LoadOptionsContext,
	RoutingNode,
	WorkflowExecute,
} from 'n8n-core';
import type {
	ExecutionError,
	ICredentialDataDecryptedObject,
	ICredentialsHelper,
	ICredentialType,
	IDataObject,
	IExecuteData,
	INode,
	INodeExecutionData,
	INodeListSearchResult,
	INodeParameters,
	INodeType,
	INodeTypes,
	IRun,
	IRunExecutionData,
	IWorkflowBase,
	IWorkflowExecuteAdditionalData,
	OnError,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { createEmptyRunExecutionData, createRunExecutionData, Workflow } from 'n8n-workflow';
import { MemoryCredentialsHelper } from './credentialsHelper';
import { deduplicationReady } from './deduplication';
import { STAND_INS, TestNodeTypes } from './nodeTypes';
import { expectDescribed } from './outputSchema';
import { loadPackage } from './packageCopy';
import { PublishedTrigger } from './publishedTrigger';
import { asStored, WaitingRun } from './waitingRun';

const PACKAGE = 'n8n-nodes-videosdk-agent-cloud';
export const ACTION = `${PACKAGE}.videoSdkAgentCloud`;
/** The action as a tool of an AI agent: version 3 runs it as a node of this type, older ones call `execute` themselves. */
export const TOOL = `${ACTION}Tool`;
/** The same as its human review. */
export const REVIEW = `${ACTION}HitlTool`;
export const TRIGGER = `${PACKAGE}.videoSdkAgentCloudTrigger`;
export const CREDENTIAL = 'videoSdkAgentCloudApi';
/** The name of the node under test in the workflows of `run`. */
export const NODE_NAME = 'Agent Cloud';

export interface EngineOptions {
	/** What the user filled into the credential. */
	credentials?: ICredentialDataDecryptedObject;
	/** As another process of the same n8n has it. */
	credentialId?: string;
}

/** How n8n is to run a node: its settings, and what comes in. */
export interface NodeRunOptions {
	nodeType?: string;
	/** Items, or just their `json`. Default: one empty item. */
	items?: Array<INodeExecutionData | IDataObject>;
	onError?: OnError;
	/** Parameters of the node before. */
	input?: INodeParameters;
	/** Such as `retryOnFail` and `alwaysOutputData`. */
	node?: Partial<INode>;
	/** What other nodes and the user keep with the workflow. */
	staticData?: IDataObject;
	/** The execution was resumed by n8n's wait tracker before, or is a retried one: n8n loads no static data then. */
	withoutStaticData?: boolean;
	/** What runs the workflow. Default: a trigger */
	mode?: WorkflowExecuteMode;
	/** An evaluation runs it, or the workflow of which it is a sub-workflow. */
	evaluationRunId?: string;
}

export type RunOptions = NodeRunOptions & { parameters: INodeParameters };

export interface PublishOptions {
	mode?: WorkflowExecuteMode;
	/** The same workflow on another engine, as in n8n's queue mode: its ids are taken over. */
	copyOf?: PublishedTrigger;
	/** false: as in a webhook process, where another process has published it. */
	withHooks?: boolean;
}

export type RunResult = Awaited<ReturnType<Engine['execute']>>;

/** A workflow as n8n's database keeps it with an execution: without static data. */
export type WorkflowSnapshot = Pick<IWorkflowBase, 'nodes' | 'connections'> & { id: string };

const isItem = (item: INodeExecutionData | IDataObject): item is INodeExecutionData =>
	typeof item.json === 'object' && item.json !== null;

/** @returns what is found under a path such as `data.id`, as lodash's `get` finds it */
const valueAt = (value: unknown, path: string): unknown =>
	path.split('.').reduce((found, key) => (found as Record<string, unknown> | null | undefined)?.[key], value);

/** A part of n8n big enough to run whole workflows: n8n's own loader, engine and contexts, without database and server. */
export class Engine {
	readonly nodeTypes: TestNodeTypes;
	readonly credentialsHelper: MemoryCredentialsHelper;
	/** That of new nodes. It can be changed at any time, as a user does. */
	credentialId: string;
	/** By workflow: one column in n8n's database. Whichever execution changed any of it, and ends last, overwrites the whole. */
	readonly staticData = new Map<string, IDataObject>();
	/** The data of executions as n8n's database has them. */
	readonly executions = new Map<string, IRunExecutionData>();
	private readonly stored = new Map<string, ICredentialDataDecryptedObject>();
	private readonly published: PublishedTrigger[] = [];
	private readonly waiting: WaitingRun[] = [];

	constructor(
		readonly loader: PackageDirectoryLoader,
		{ credentials, credentialId = randomUUID() }: EngineOptions,
	) {
		this.credentialId = credentialId;
		this.nodeTypes = new TestNodeTypes(loader);
		this.credentialsHelper = new MemoryCredentialsHelper(loader, this.nodeTypes, this.stored);
		if (credentials) this.setCredentials(credentials);
	}

	setCredentials(data: ICredentialDataDecryptedObject): void {
		this.stored.set(this.credentialId, data);
	}

	/** Nodes that are made from here on have a credential of their own. */
	useOtherCredentials(data: ICredentialDataDecryptedObject): void {
		this.credentialId = randomUUID();
		this.setCredentials(data);
	}

	deleteCredentials(): void {
		this.stored.delete(this.credentialId);
	}

	nodeType(name: 'videoSdkAgentCloud' | 'videoSdkAgentCloudTrigger'): INodeType {
		return this.loader.getNode(name).type as INodeType;
	}

	/** The version of the trigger. */
	get triggerVersion(): number {
		return this.nodeType('videoSdkAgentCloudTrigger').description.version as number;
	}

	credentialType(): ICredentialType {
		return this.loader.getCredential(CREDENTIAL).type;
	}

	node(type: string, parameters: INodeParameters, more: Partial<INode> = {}): INode {
		return {
			id: randomUUID(),
			name: NODE_NAME,
			type,
			typeVersion: 1,
			position: [0, 0],
			parameters,
			credentials: { [CREDENTIAL]: { id: this.credentialId, name: 'VideoSDK' } },
			...more,
		};
	}

	/** Runs input -> node -> one node behind each output. */
	async run({ parameters, ...options }: RunOptions): Promise<RunResult> {
		return await this.start(await this.around(parameters, options), options);
	}

	/** Runs Start and Wait, or what `parameters` name, until the execution waits or ends. */
	async startAndWait(maxWaitMs: number, parameters: INodeParameters = {}, options: NodeRunOptions = {}) {
		const start = { resource: 'session', operation: 'startAndWait', deploymentId: 'ddv_support' };
		const maxWait = { maxWait: maxWaitMs / 60_000, maxWaitUnit: 'minutes' };
		const workflow = await this.around({ ...start, ...maxWait, ...parameters }, options);
		const waiting = new WaitingRun(this, workflow, Date.now() + maxWaitMs);
		this.waiting.push(waiting);
		await waiting.listen();
		waiting.result = await this.start(workflow, options, waiting);
		return waiting;
	}

	/** Makes input -> node -> one node behind each output. */
	private async around(
		parameters: INodeParameters,
		{ nodeType = ACTION, items = [{}], onError, input = {}, node, staticData = {} }: NodeRunOptions,
	): Promise<WorkflowSnapshot> {
		this.nodeTypes.items = items.map((item) => (isItem(item) ? item : { json: item }));
		const workflow = await this.snapshot([
			this.node(STAND_INS.input, input, { name: 'Input' }),
			this.node(nodeType, parameters, { onError, ...node }),
		]);
		this.staticData.set(workflow.id, staticData);
		return workflow;
	}

	private async start(
		snapshot: WorkflowSnapshot,
		{ withoutStaticData, mode = 'trigger', evaluationRunId }: NodeRunOptions,
		{ executionId, webhookWaitingBaseUrl }: Partial<WaitingRun> = {},
	): Promise<RunResult> {
		const workflow = this.load(snapshot, !withoutStaticData);
		return await this.execute(
			workflow,
			mode,
			createRunExecutionData(),
			{ executionId, evaluationRunId, ...(webhookWaitingBaseUrl && { webhookWaitingBaseUrl }) },
			(execution) => execution.run({ workflow, startNode: workflow.getNode('Input') ?? undefined }),
		);
	}

	/** Loads a workflow for an execution. */
	load({ id, nodes, connections }: WorkflowSnapshot, withStaticData = true): Workflow {
		return new Workflow({
			id,
			name: 'Test',
			nodes: structuredClone(nodes),
			connections,
			active: true,
			nodeTypes: this.nodeTypes,
			staticData: withStaticData ? structuredClone(this.staticData.get(id) ?? {}) : undefined,
			settings: { executionOrder: 'v1' },
		});
	}

	/** Loads a workflow that another process may have run. */
	private loadAgain({ id, nodes, connectionsBySourceNode: connections }: Workflow): Workflow {
		return this.load({ id, nodes: Object.values(nodes), connections });
	}

	/** Runs an execution that failed again, as the button "Retry" does (ExecutionService.retry). */
	async retry({ run, workflow, executionId }: RunResult): Promise<RunResult> {
		const data = asStored(run.data);
		delete data.resultData.error;
		data.resultData.runData[NODE_NAME]?.pop();
		return await this.execute(this.loadAgain(workflow), 'retry', data, {
			hooks: this.hooks('retry', randomUUID(), executionId),
		});
	}

	/**
	 * Runs the node once more: as a tool in the same run, in the next round of a retried execution's loop, in a second run of the
	 * execution, which begins with what n8n had stored before, or in an execution that a user makes of it by "Retry".
	 */
	async useAgain(
		{ run, workflow, executionId }: RunResult,
		parameters: INodeParameters,
		where: 'run' | 'nextRound' | 'secondRun' | 'retry' = 'run',
	): Promise<RunResult> {
		const node = Object.assign(workflow.getNode(NODE_NAME) as INode, { parameters });
		const data = where === 'retry' || where === 'secondRun' ? asStored(run.data) : run.data;
		if (where === 'secondRun') {
			data.resultData.runData[NODE_NAME]?.pop();
			delete data.waitTill;
			Object.assign(data.executionData ?? {}, { contextData: {}, nodeExecutionStack: [] });
		}
		data.executionData?.nodeExecutionStack.push({ node, data: { main: [[{ json: {} }]] }, source: null });
		const mode = where === 'retry' || where === 'nextRound' ? 'retry' : 'trigger';
		const ownId = where === 'retry' ? randomUUID() : executionId;
		const hooks = where === 'retry' ? { hooks: this.hooks('retry', ownId, executionId) } : {};
		return await this.execute(workflow, mode, data, { executionId: ownId, ...hooks });
	}

	/**
	 * Makes an execution as n8n had stored it before the node ran, which is all that is left of one that was killed.
	 *
	 * @param items what the nodes before it give when they run again. Default: the same as before
	 */
	beforeNode(result: RunResult, items?: IDataObject[]): RunResult {
		const data = asStored(result.run.data);
		const node = result.workflow.getNode(NODE_NAME) as INode;
		const source = { main: [{ previousNode: 'Input' }] };
		const given = items?.map((json, item) => ({ json, pairedItem: { item } }));
		for (const name of [NODE_NAME, 'Success', 'Failure']) delete data.resultData.runData[name];
		delete data.waitTill;
		Object.assign(data.executionData ?? {}, {
			contextData: {},
			nodeExecutionStack: [
				{ node, data: { main: given ? [given] : data.resultData.runData.Input?.[0]?.data?.main }, source },
			],
		});
		return { ...result, run: { ...result.run, data } };
	}

	/** Runs the node once more in the same execution, which begins with what n8n had stored before the node ran. */
	async secondRun(result: RunResult): Promise<RunResult> {
		const { run, workflow, executionId } = this.beforeNode(result);
		return await this.execute(this.loadAgain(workflow), 'trigger', run.data, { executionId });
	}

	/** Uses a tool as n8n's own Agents do, which have no workflow (EphemeralNodeExecutor.executeNodeDirectly). */
	async useWithoutExecution(parameters: INodeParameters): Promise<IDataObject[]> {
		const context = this.contextWithoutExecution(this.node(TOOL, parameters));
		const output = await this.nodeTypes.getByNameAndVersion(TOOL).execute?.call(context);
		return (output as INodeExecutionData[][])[0]?.map(({ json }) => json) ?? [];
	}

	private contextWithoutExecution(node: INode, nodeTypes: INodeTypes = this.nodeTypes): ExecuteContext {
		const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
		const additionalData = { ...this.additionalData('internal'), executionId: undefined };
		const run = createEmptyRunExecutionData();
		const items = [{ json: {} }];
		const data = { main: [items] };
		const given = { node, data, source: null };
		return new ExecuteContext(workflow, node, additionalData, 'internal', run, 0, items, data, given, []);
	}

	/** The list that a resource locator offers. */
	async listSearch(
		method: string,
		filter?: string,
		paginationToken?: string,
		parameters: INodeParameters = {},
		more: Partial<INode> = {},
	): Promise<INodeListSearchResult> {
		const workflow = this.load(await this.snapshot([this.node(ACTION, parameters, more)]));
		const node = workflow.getNode(NODE_NAME) as INode;
		const search = this.nodeType('videoSdkAgentCloud').methods?.listSearch?.[method];
		if (search === undefined) throw new Error(`The node has no list "${method}"`);
		const context = new LoadOptionsContext(
			workflow,
			node,
			// The editor sends hidden fields, too.
			{ ...this.additionalData('internal'), currentNodeParameters: { ...node.parameters, ...parameters } },
			'deploymentId',
		);
		return await search.call(context, filter, paginationToken);
	}

	/** What n8n does when the user saves the credential: see its service CredentialsTester. */
	async testCredential(): Promise<{ status: 'OK' | 'Error'; message?: string }> {
		const { test } = this.credentialType();
		if (test === undefined) throw new Error('The credential has no test');
		const { description } = this.nodeTypes.getByNameAndVersion(STAND_INS.pass);
		const routing = { request: test.request };
		const field = { displayName: 'Temp', name: 'temp', type: 'string' as const, default: '', routing };
		const credentials = [{ name: CREDENTIAL, required: true }];
		const nodeType: INodeType = { description: { ...description, credentials, properties: [field] } };
		const getType = () => nodeType;
		const nodeTypes = { getByName: getType, getByNameAndVersion: getType, getKnownTypes: () => ({}) };
		const context = this.contextWithoutExecution(this.node(STAND_INS.pass, {}), nodeTypes);
		try {
			const output = await new RoutingNode(context, nodeType).runNode();
			const json = output?.[0]?.[0]?.json;
			const failed = test.rules?.find(
				({ type, properties }) =>
					type === 'responseSuccessBody' && valueAt(json, properties.key) === properties.value,
			);
			return failed ? { status: 'Error', message: failed.properties.message } : { status: 'OK' };
		} catch (error) {
			const { cause, message } = error as Error & { cause?: { response?: { status: number } } };
			const rule = test.rules?.find(
				({ type, properties }) => type === 'responseCode' && properties.value === cause?.response?.status,
			);
			return { status: 'Error', message: String(rule?.properties.message ?? message) };
		}
	}

	/** Publishes a workflow that begins with the trigger, and serves its webhook. Throws what the trigger's `create` throws. */
	async publish(
		parameters: INodeParameters = {},
		{ mode = 'webhook', copyOf, withHooks }: PublishOptions = {},
	): Promise<PublishedTrigger> {
		const typeVersion = this.triggerVersion;
		const node = this.node(TRIGGER, parameters, { typeVersion, ...(copyOf && { id: copyOf.node.id }) });
		const workflow = this.load(await this.snapshot([node], copyOf?.workflow.id));
		const trigger = new PublishedTrigger(this, workflow, workflow.getNode(node.name) as INode, mode);
		this.published.push(trigger);
		await trigger.open(withHooks);
		return trigger;
	}

	/** Goes on with a run whose first node has got its items from a webhook. */
	async runFrom(
		workflow: Workflow,
		node: INode,
		items: INodeExecutionData[][],
		mode: WorkflowExecuteMode,
		more: Partial<IWorkflowExecuteAdditionalData> = {},
	): Promise<RunResult> {
		const stack: IExecuteData[] = [{ node, data: { main: items }, source: null }];
		const data = createRunExecutionData({ executionData: { nodeExecutionStack: stack } });
		return await this.execute(workflow, mode, data, more);
	}

	private hooks(mode: WorkflowExecuteMode, executionId: string, retryOf?: string) {
		const workflowData = { id: 'workflow', name: 'Test' } as IWorkflowBase;
		return new ExecutionLifecycleHooks(mode, executionId, workflowData, retryOf);
	}

	additionalData(mode: WorkflowExecuteMode, executionId: string = randomUUID()) {
		const data: Partial<IWorkflowExecuteAdditionalData> = {
			credentialsHelper: this.credentialsHelper as unknown as ICredentialsHelper,
			executionId,
			hooks: this.hooks(mode, executionId),
			currentNodeExecutionIndex: 0,
			variables: {},
			instanceBaseUrl: 'http://localhost:5678/',
			webhookBaseUrl: 'http://localhost:5678/webhook',
			webhookWaitingBaseUrl: 'http://localhost:5678/webhook-waiting',
			webhookTestBaseUrl: 'http://localhost:5678/webhook-test',
			formWaitingBaseUrl: 'http://localhost:5678/form-waiting',
			getRunExecutionData: async (id) => this.executions.get(id),
		};
		// Everything else serves sub-workflows, agents and task runners, which no workflow here has.
		return data as IWorkflowExecuteAdditionalData;
	}

	/** Ends what the engine has opened. */
	async close(): Promise<void> {
		await Promise.all([...this.published, ...this.waiting].map(async (opened) => await opened.close()));
	}

	private async snapshot(nodes: INode[], id: string = randomUUID()): Promise<WorkflowSnapshot> {
		const last = nodes.at(-1) as INode;
		const main = (name: string) => [{ node: name, type: 'main' as const, index: 0 }];
		await deduplicationReady;
		return {
			id,
			nodes: [
				...nodes,
				this.node(STAND_INS.pass, {}, { name: 'Success' }),
				this.node(STAND_INS.pass, {}, { name: 'Failure' }),
			],
			connections: {
				...(nodes.length > 1 ? { [nodes[0]?.name ?? '']: { main: [main(last.name)] } } : {}),
				[last.name]: { main: [main('Success'), main('Failure')] },
			},
		};
	}

	/** Executes, and stores what n8n stores afterwards (see its execution-lifecycle-hooks). */
	async execute(
		workflow: Workflow,
		mode: WorkflowExecuteMode,
		data: IRunExecutionData,
		{ executionId = randomUUID(), ...more }: Partial<IWorkflowExecuteAdditionalData> = {},
		begin = (execution: WorkflowExecute): PromiseLike<IRun> => execution.processRunExecutionData(workflow),
	) {
		const { id: workflowId } = workflow;
		const thrownBefore = this.nodeTypes.thrown.length;
		const additionalData = { ...this.additionalData(mode, executionId), ...more };
		additionalData.hooks?.addHandler('workflowExecuteAfter', (_run, newStaticData?: IDataObject) => {
			if (mode !== 'manual' && newStaticData) this.staticData.set(workflowId, asStored(newStaticData));
		});
		this.executions.set(executionId, data);
		const run = await begin(new WorkflowExecute(additionalData, mode, data));
		this.executions.set(executionId, run.data);
		// What was given up just after it was sent is still to be received.
		for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
		const { runData, error } = run.data.resultData;
		const outputOf = (name: string) => (runData[name]?.at(-1)?.data?.main ?? []).map((items) => items ?? []);
		expectDescribed(workflow.getNode(NODE_NAME), outputOf(NODE_NAME)[0] ?? []);
		return {
			/** What the node put out, by output. Empty if it failed. */
			output: error ? [] : outputOf(NODE_NAME),
			/** What reached the node behind each output. */
			routed: { success: outputOf('Success')[0] ?? [], failure: outputOf('Failure')[0] ?? [] },
			/** Why the run failed, as n8n stores it. */
			error: error as ExecutionError | undefined,
			/** The error itself, as the node threw it. */
			thrown: this.nodeTypes.thrown[thrownBefore],
			run,
			workflow,
			executionId,
			/** What n8n keeps with the workflow afterwards. */
			staticData: this.staticData.get(workflowId) ?? {},
		};
	}
}

/** Starts an engine with a fresh copy of the built package. Close it when the test ends. */
export const startEngine = async (options: EngineOptions = {}) => new Engine(await loadPackage(), options);
