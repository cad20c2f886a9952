import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';
import { OPERATIONS, operationProperties } from './actions';
import { runItems } from './actions/runItems';
import { LOCAL_WEBHOOK_HINT } from './fields/webhook';
import { searchDeployments } from './listSearch/deployments';
import type { Startable } from './transport/messages';
import { resume } from './waiting/resume';
import { RESUME_WEBHOOKS } from './waiting/resumeWebhook';

/** The operations that start something which costs money. */
const STARTS: Record<string, Startable> = {
	'session:start': 'session',
	'session:startAndWait': 'session',
	'agent:dispatch': 'dispatch',
};

/** Starts the sessions of AI voice agents on VideoSDK Agent Cloud, and whatever belongs to their life. */
export class VideoSdkAgentCloud implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'VideoSDK Agent Cloud',
		name: 'videoSdkAgentCloud',
		icon: { light: 'file:../../icons/videosdk.svg', dark: 'file:../../icons/videosdk.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
		description:
			'Start and manage sessions of AI voice agents on VideoSDK Agent Cloud. Each session that is started costs money and may call a real person.',
		defaults: { name: 'VideoSDK Agent Cloud' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'videoSdkAgentCloudApi', required: true }],
		webhooks: RESUME_WEBHOOKS,
		hints: [LOCAL_WEBHOOK_HINT],
		waitingNodeTooltip:
			'Waiting for the session to end. The workflow goes on when VideoSDK sends the event, or when the time is up.',
		properties: [
			{
				displayName: 'Resource',
				name: 'resource',
				type: 'options',
				noDataExpression: true,
				options: [
					{ name: 'Agent', value: 'agent' },
					{ name: 'Deployment', value: 'deployment' },
					{ name: 'Session', value: 'session' },
				],
				default: 'session',
			},
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				displayOptions: { show: { resource: ['session'] } },
				options: [
					{
						name: 'End',
						value: 'end',
						description: 'End a session that is running',
						action: 'End a session',
					},
					{
						name: 'Get',
						value: 'get',
						description: 'Retrieve a session as it now stands',
						action: 'Get a session',
					},
					{
						name: 'Get Many',
						value: 'getAll',
						description: 'Retrieve a list of sessions',
						action: 'Get many sessions',
					},
					{
						name: 'Start',
						value: 'start',
						description: 'Start a session of an agent. This costs money and may call a real person.',
						action: 'Start a session',
					},
					{
						name: 'Start and Wait',
						value: 'startAndWait',
						description:
							'Start a session of an agent and wait until it ends, without keeping n8n busy. This costs money and may call a real person. VideoSDK should be able to reach n8n.',
						action: 'Start a session and wait until it ends',
						displayOptions: { hide: { '@tool': [true] } },
					},
					{
						name: 'Wait for Status',
						value: 'waitForStatus',
						description:
							'Wait until a session has one of the given statuses, by looking at it again and again',
						action: 'Wait for the status of a session',
						displayOptions: { hide: { '@tool': [true] } },
					},
				],
				default: 'start',
			},
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				displayOptions: { show: { resource: ['deployment'] } },
				options: [
					{
						name: 'Create',
						value: 'create',
						description: 'Create a deployment, to which versions of an agent are then pushed',
						action: 'Create a deployment',
					},
					{
						name: 'Get',
						value: 'get',
						description: 'Retrieve one version of a deployment',
						action: 'Get a deployment',
					},
					{
						name: 'Get Many',
						value: 'getAll',
						description: 'Retrieve a list of deployments and their versions',
						action: 'Get many deployments',
					},
				],
				default: 'getAll',
			},
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				displayOptions: { show: { resource: ['agent'] } },
				options: [
					{
						name: 'Dispatch',
						value: 'dispatch',
						description: 'Send an agent into a room. This costs money.',
						action: 'Dispatch an agent into a room',
					},
				],
				default: 'dispatch',
			},
			...operationProperties,
		],
	};

	methods = { listSearch: { searchDeployments } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const resource = this.getNodeParameter('resource', 0);
		const name = this.getNodeParameter('operation', 0);
		const operation = OPERATIONS[resource]?.[name];
		if (operation === undefined) {
			throw new NodeOperationError(this.getNode(), `There is no operation "${name}" for "${resource}"`, {
				description: 'Choose "Resource" and "Operation" again.',
			});
		}
		return [await runItems(this, operation, STARTS[`${resource}:${name}`])];
	}

	/** Takes what is sent to the resume URL of a run that is in Start and Wait. */
	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await resume(this);
	}
}
