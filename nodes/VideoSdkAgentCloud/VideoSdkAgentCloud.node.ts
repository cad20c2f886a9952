import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
	NodeConnectionTypes,
	NodeOperationError,
} from 'n8n-workflow';
import { RESOURCES } from './actions';
import { ProcessState } from './actions/processState';
import { nodeProperties, subtitle } from './actions/properties';
import { runItems } from './actions/run/runItems';
import { HINTS } from './fields/hints';
import { LISTS } from './dropdowns';
import { receiveAnswer } from './waiting/resuming/receiveAnswer';
import { receiveResume } from './waiting/resuming/receiveResume';
import { RESPONSE_WEBHOOK, RESUME_WEBHOOKS } from './waiting/resuming/resumeUrl';

const state = new ProcessState();

/** Makes calls and runs sessions of AI voice agents on VideoSDK Agent Cloud, and manages what belongs to them. */
export class VideoSdkAgentCloud implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'VideoSDK Agent Cloud',
		name: 'videoSdkAgentCloud',
		icon: { light: 'file:../../icons/videosdk.svg', dark: 'file:../../icons/videosdk.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: subtitle(RESOURCES),
		description:
			'Make phone calls with AI voice agents, run agent sessions, and get recordings and transcripts. Calls and sessions cost money and may reach real people.',
		defaults: { name: 'VideoSDK Agent Cloud' },
		usableAsTool: true,
		builderHint: {
			searchHint:
				'Makes phone calls with AI voice agents and runs agent sessions on VideoSDK Agent Cloud. Each call or session costs money and may reach a real person. To continue once it has ended, use makeAndWait or startAndWait. To ask a person, or to have a tool of an AI agent approved by phone, use sendAndWait. To react to events, use the trigger. To get what was said, set recording before the call.',
			relatedNodes: [
				{
					nodeType: 'n8n-nodes-videosdk-agent-cloud.videoSdkAgentCloudTrigger',
					relationHint:
						"Receives the events. It needs the same credential. For session and room events, select it in 'Webhook URL' here. Call events need no URL.",
				},
			],
		},
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'videoSdkAgentCloudApi', required: true }],
		webhooks: RESUME_WEBHOOKS,
		waitingNodeTooltip:
			'Waiting for your calls or sessions to end. They keep running, and costing money, if you stop this execution. To end them, use Call: Hang Up, Session: End, or the VideoSDK dashboard.',
		hints: HINTS,
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
				description: "Select 'Resource' and 'Operation' again.",
			});
		}
		return [await runItems(this, operation, state)];
	}

	/** Answers the requests to the URLs of a waiting execution. */
	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const answer = this.getWebhookName() === RESPONSE_WEBHOOK ? receiveAnswer : receiveResume;
		return await answer(this, state.waits);
	}
}
