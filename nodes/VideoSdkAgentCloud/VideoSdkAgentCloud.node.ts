import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';
import { RESOURCES } from './actions';
import { nodeProperties, subtitle } from './actions/properties';
import { runItems } from './actions/run/runItems';
import { LISTS } from './lists';
import { resume } from './waiting/resume';
import { RESUME_WEBHOOKS } from './waiting/resumeUrl';

/** Starts sessions of AI voice agents on VideoSDK Agent Cloud, and manages what belongs to them. */
export class VideoSdkAgentCloud implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'VideoSDK Agent Cloud',
		name: 'videoSdkAgentCloud',
		icon: { light: 'file:../../icons/videosdk.svg', dark: 'file:../../icons/videosdk.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: subtitle(RESOURCES),
		description:
			'Start sessions of AI voice agents, make phone calls, and read recordings and transcripts on VideoSDK Agent Cloud. Sessions and calls cost money and may reach real people.',
		defaults: { name: 'VideoSDK Agent Cloud' },
		usableAsTool: true,
		builderHint: {
			searchHint:
				'Starts AI voice agents of VideoSDK Agent Cloud and phone calls by them. Each start costs money and may call a real person. To react to what becomes of a session or call, use the trigger in the same or another workflow; to go on after its end in the same execution, use an operation "... and Wait".',
			relatedNodes: [
				{
					nodeType: 'n8n-nodes-videosdk-agent-cloud.videoSdkAgentCloudTrigger',
					relationHint:
						"Receives the events: it needs the same credential. For sessions and rooms select it in 'Webhook URL' here; for events of calls it needs no URL.",
				},
			],
		},
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'videoSdkAgentCloudApi', required: true }],
		webhooks: RESUME_WEBHOOKS,
		waitingNodeTooltip:
			'Waiting for the sessions or calls to end. They are running and cost money. Stopping the execution does not end them: use Session: End or Call: Hang Up, or the VideoSDK dashboard.',
		properties: nodeProperties(RESOURCES),
	};

	methods = { listSearch: LISTS };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const resource = this.getNodeParameter('resource', 0);
		const name = this.getNodeParameter('operation', 0);
		const operation = RESOURCES.find(({ value }) => value === resource)?.operations.find(
			({ value }) => value === name,
		);
		if (operation === undefined) {
			throw new NodeOperationError(this.getNode(), `'${resource}' has no operation '${name}'`, {
				description: "Choose 'Resource' and 'Operation' again.",
			});
		}
		return [await runItems(this, operation)];
	}

	/** Answers what is sent to the resume URL of an execution that waits. */
	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await resume(this);
	}
}
