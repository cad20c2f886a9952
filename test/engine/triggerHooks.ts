import { randomUUID } from 'node:crypto';
import { HookContext } from 'n8n-core';
import type {
	IDataObject,
	INode,
	INodeParameters,
	IWebhookDescription,
	WorkflowActivateMode,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { Workflow } from 'n8n-workflow';
import type { Engine } from './engine';
import { TRIGGER } from './engine';

type Hook = 'checkExists' | 'create' | 'delete';

/**
 * A workflow with the trigger, as n8n's database keeps it: what n8n calls when it is published, unpublished, listens for a test event
 * and when n8n starts. Static data goes through JSON, as in the database.
 */
export class StoredTrigger {
	/** The workflow's static data. */
	staticData: IDataObject = {};
	node: INode;
	workflowId = randomUUID();
	workflowName: string;
	/** What n8n's webhook addresses begin with. */
	webhookBaseUrl = 'http://localhost:5678/webhook';
	webhookTestBaseUrl = 'http://localhost:5678/webhook-test';

	constructor(
		public engine: Engine,
		parameters: INodeParameters,
		readonly name = 'Calls',
	) {
		this.workflowName = `Workflow of ${name}`;
		this.node = engine.node(TRIGGER, parameters, {
			name,
			typeVersion: engine.triggerVersion,
			webhookId: randomUUID(),
		});
	}

	get url(): string {
		return `${this.webhookBaseUrl}/${this.node.webhookId}/webhook`;
	}

	get testUrl(): string {
		return `${this.webhookTestBaseUrl}/${this.node.webhookId}/webhook`;
	}

	/** n8n 1.x publishes another version without unpublishing the former one. */
	setParameters(parameters: INodeParameters): void {
		this.node = { ...this.node, parameters };
	}

	/** @returns whether `create` ran */
	async publish(activation: WorkflowActivateMode = 'activate'): Promise<boolean> {
		if (await this.call('checkExists', 'trigger', activation)) return false;
		await this.call('create', 'trigger', activation);
		return true;
	}

	async unpublish(): Promise<void> {
		await this.call('delete', 'internal', 'update');
	}

	/** n8n 2.x calls `delete` with the published version before it publishes a changed one. */
	async republish(parameters: INodeParameters): Promise<void> {
		await this.unpublish();
		this.setParameters(parameters);
		await this.publish('update');
	}

	/** n8n starts: on 1.x each main process asks each published trigger. */
	async restart(): Promise<boolean> {
		return await this.publish('init');
	}

	/** Listens for a test event; n8n keeps the static data of that apart. @returns ends the listening */
	async listen(): Promise<() => Promise<void>> {
		const kept: IDataObject = {};
		if (!(await this.call('checkExists', 'manual', 'manual', kept))) {
			await this.call('create', 'manual', 'manual', kept);
		}
		return async () => void (await this.call('delete', 'internal', 'update', kept));
	}

	/** Calls a hook, and keeps the static data also if it throws, as n8n does. */
	async call(
		hook: Hook,
		mode: WorkflowExecuteMode,
		activation: WorkflowActivateMode,
		testStaticData?: IDataObject,
	): Promise<boolean | undefined> {
		const type = this.engine.nodeTypes.getByNameAndVersion(this.node.type);
		const workflow = new Workflow({
			id: this.workflowId,
			name: this.workflowName,
			nodes: [this.node],
			connections: {},
			active: testStaticData === undefined,
			nodeTypes: this.engine.nodeTypes,
			staticData: JSON.parse(JSON.stringify(testStaticData ?? this.staticData)) as IDataObject,
		});
		const additionalData = {
			...this.engine.additionalData(mode),
			webhookBaseUrl: this.webhookBaseUrl,
			webhookTestBaseUrl: this.webhookTestBaseUrl,
		};
		const context = new HookContext(workflow, this.node, additionalData, mode, activation, {
			httpMethod: 'POST',
			node: this.node.name,
			path: 'webhook',
			webhookDescription: type.description.webhooks?.[0] as IWebhookDescription,
			workflowId: workflow.id,
			workflowExecuteAdditionalData: additionalData,
			isTest: testStaticData !== undefined,
		});
		try {
			return await type.webhookMethods?.default?.[hook]?.call(context);
		} finally {
			const kept = JSON.parse(JSON.stringify(workflow.staticData)) as IDataObject;
			if (testStaticData === undefined) this.staticData = kept;
			else Object.assign(testStaticData, kept);
		}
	}
}
