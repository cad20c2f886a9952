import { randomUUID } from 'node:crypto';
import {
	type IDataObject,
	type INode,
	type INodeParameters,
	type INodeType,
	Workflow,
	type WorkflowActivateMode,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import { type Engine, TRIGGER } from './engine';
import { asStored } from './waitingRun';
import { callHook, type Hook, type LogEntry } from './webhookNode';

/** A workflow with the trigger, as n8n's database keeps it, and what n8n calls of it. Static data goes through JSON. */
export class StoredTrigger {
	/** The workflow's static data. */
	staticData: IDataObject = {};
	node: INode;
	workflowId: string = randomUUID();
	workflowName: string;
	private readonly log: LogEntry[] = [];
	/** What n8n's webhook addresses begin with. */
	webhookBaseUrl = 'http://localhost:5678/webhook';
	webhookTestBaseUrl = 'http://localhost:5678/webhook-test';

	constructor(
		public engine: Engine,
		parameters: INodeParameters,
		readonly name = 'Calls',
		type = TRIGGER,
	) {
		this.workflowName = `Workflow of ${name}`;
		const { triggerVersion: typeVersion } = engine;
		this.node = engine.node(type, parameters, { name, typeVersion, webhookId: randomUUID() });
	}

	get url(): string {
		return `${this.webhookBaseUrl}/${this.node.webhookId}/${this.type.description.webhooks?.[0]?.path}`;
	}

	/** What the trigger wrote to n8n's log as warnings. */
	get warnings(): string[] {
		return this.log.filter(({ level }) => level === 'warn').map(({ text }) => text);
	}

	/** n8n publishes another version also if it could not unpublish the former one. */
	setParameters(parameters: INodeParameters): void {
		this.node = { ...this.node, parameters };
	}

	async publish(activation: WorkflowActivateMode = 'activate'): Promise<void> {
		if (!(await this.call('checkExists', 'trigger', activation)))
			await this.call('create', 'trigger', activation);
	}

	async unpublish(): Promise<void> {
		await this.call('delete', 'internal', 'update');
	}

	/** A copy as n8n's public API and CLI make it: with the static data. */
	copy(change: { workflowId?: string; nodeId?: string; webhookId?: string } = {}): StoredTrigger {
		const copy = new StoredTrigger(this.engine, this.node.parameters, this.name);
		copy.staticData = asStored(this.staticData);
		copy.workflowId = change.workflowId ?? copy.workflowId;
		copy.node = {
			...this.node,
			id: change.nodeId ?? this.node.id,
			webhookId: change.webhookId ?? copy.node.webhookId,
		};
		return copy;
	}

	/**
	 * n8n starts. Since its publication service, it calls no hook of a node without a `trigger` method. It doesn't wait for what that does
	 * in the background.
	 */
	async restart(activation: 'init' | 'leadershipChange' = 'init'): Promise<void> {
		if (this.type.trigger) await this.publish(activation);
	}

	/** Listens for a test event; n8n keeps the static data of that apart. @returns ends the listening */
	async listen(): Promise<() => Promise<void>> {
		const kept: IDataObject = {};
		if (!(await this.call('checkExists', 'manual', 'manual', kept)))
			await this.call('create', 'manual', 'manual', kept);
		return async () => void (await this.call('delete', 'internal', 'update', kept));
	}

	/** Calls a hook, and keeps the static data also if it throws, as n8n does. */
	async call(
		hook: Hook,
		mode: WorkflowExecuteMode,
		activation: WorkflowActivateMode,
		testStaticData?: IDataObject,
	): Promise<boolean | undefined> {
		const isTest = testStaticData !== undefined;
		const workflow = this.workflow(testStaticData ?? this.staticData, !isTest);
		const { engine, node, log, webhookBaseUrl, webhookTestBaseUrl } = this;
		const urls = { webhookBaseUrl, webhookTestBaseUrl };
		try {
			return await callHook({ engine, workflow, node, hook, mode, activation, urls, isTest, log });
		} finally {
			const kept = asStored(workflow.staticData);
			if (testStaticData === undefined) this.staticData = kept;
			else Object.assign(testStaticData, kept);
		}
	}

	private get type(): INodeType {
		return this.engine.nodeTypes.getByNameAndVersion(this.node.type);
	}

	private workflow(staticData: IDataObject, active: boolean): Workflow {
		return new Workflow({
			id: this.workflowId,
			name: this.workflowName,
			nodes: [this.node],
			connections: {},
			active,
			nodeTypes: this.engine.nodeTypes,
			staticData: asStored(staticData),
		});
	}
}
