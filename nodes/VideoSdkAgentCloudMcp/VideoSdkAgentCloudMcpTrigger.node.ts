import {
	type IExecuteFunctions,
	type IHookFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type ITriggerResponse,
	type IWebhookFunctions,
	type IWebhookResponseData,
	NodeConnectionTypes,
	NodeOperationError,
} from 'n8n-workflow';
import { rejectMethod } from '../VideoSdkAgentCloud/agentTools/respondToAgent';
import { isStartOfN8n, rememberNode, rememberUnpublished } from '../VideoSdkAgentCloud/webhook/knownNodes';
import { triggerPanel } from '../VideoSdkAgentCloud/fields/triggers/triggerPanel';
import { log } from '../VideoSdkAgentCloud/webhook/log';
import { HINTS } from '../VideoSdkAgentCloud/fields/hints';
import { readDefinition, TOOL_FIELDS } from '../VideoSdkAgentCloud/fields/triggers/toolTrigger';
import { readToolKey, receiveToolCall } from './receiveToolCall';

/** Makes a webhook that isn't in the editor's list of URLs, and whose response tells MCP clients that there is no stream and no session. */
const notAllowed = (httpMethod: 'GET' | 'DELETE') =>
	({
		name: 'default',
		httpMethod,
		responseMode: 'onReceived',
		path: 'mcp',
		ndvHideUrl: true,
		ndvHideMethod: true,
	}) as const;

/** Makes a workflow a tool that an AI voice agent uses during a conversation: an MCP server with one tool. */
export class VideoSdkAgentCloudMcpTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'VideoSDK Agent Cloud Tool Trigger',
		name: 'videoSdkAgentCloudMcpTrigger',
		icon: { light: 'file:../../icons/videosdk.svg', dark: 'file:../../icons/videosdk.dark.svg' },
		group: ['trigger'],
		// For a node of version 1, n8n evaluates an expression at each request (parseRequestBody in webhook-helpers), which takes longer than
		// the rest.
		version: 1.1,
		subtitle: '={{ $parameter["toolName"] }}',
		description:
			'Lets an AI voice agent use this workflow during a conversation, for example to look something up, book, or cancel',
		eventTriggerDescription: 'Have an agent use the tool at its Test URL',
		activationMessage:
			"Agents can now use this tool. Select it in 'Agent Tools' in the node that makes the call or starts the session.",
		triggerPanel: triggerPanel(
			"Answer an AI voice agent's questions",
			'have an agent use the tool at its Test URL. n8n waits up to two minutes for one request',
		),
		builderHint: {
			searchHint:
				'Starts a workflow when a VideoSDK AI voice agent asks for something during a conversation (an MCP tool), and answers the agent with what the workflow found. For events, use the VideoSDK Agent Cloud Trigger.',
			relatedNodes: [
				{
					nodeType: 'n8n-nodes-videosdk-agent-cloud.videoSdkAgentCloud',
					relationHint:
						"Must end the workflow, with resource 'tool' and operation 'answer'. To give the tool to an agent, select it in 'Agent Tools' of Call: Make or Session: Start in a different workflow. This trigger outputs its 'Context' as context.",
				},
			],
		},
		defaults: { name: 'When agent asks' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'videoSdkAgentCloudApi', required: true }],
		webhooks: [
			{ name: 'default', httpMethod: 'POST', responseMode: 'responseNode', path: 'mcp' },
			notAllowed('GET'),
			notAllowed('DELETE'),
		],
		hints: HINTS,
		properties: TOOL_FIELDS,
	};

	webhookMethods = {
		default: {
			/** Always returns false, because nothing is registered anywhere, and agents are given the URL. */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return false;
			},

			/**
			 * Runs when the workflow is published, when it listens for a test call, and when n8n starts. It refuses to publish a tool that can't
			 * work. When n8n starts, that is only logged, because n8n would take the tool off the air (its WebhookTriggerRegistrar).
			 */
			async create(this: IHookFunctions): Promise<boolean> {
				try {
					const { name, timeoutMs } = readDefinition(this);
					const key = await readToolKey(this);
					rememberNode(this, { toolName: name, timeoutS: timeoutMs / 1000, key });
				} catch (error) {
					const { message } = error as Error;
					// If publishing fails, the editor shows only the message.
					if (!isStartOfN8n(this)) throw new NodeOperationError(this.getNode(), message);
					log(this, 'warn', `can't answer agents. ${message}`);
				}
				return true;
			},

			async delete(this: IHookFunctions): Promise<boolean> {
				rememberUnpublished(this);
				return true;
			},
		},
	};

	/**
	 * Outputs the call. Without this method, n8n would run `trigger` in its place after a call to the Test URL, and the call would be lost.
	 * until: this node doesn't need `trigger` any more.
	 */
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [this.getInputData()];
	}

	/**
	 * Does nothing. Because of this method, n8n calls the webhook's hooks when it starts (its WorkflowPublicationReconciler), which fills
	 * the list of tools. until: n8n calls them without it, as n8n 2.14 does.
	 */
	async trigger(): Promise<ITriggerResponse> {
		return {};
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return this.getRequestObject().method === 'POST' ? await receiveToolCall(this) : rejectMethod(this);
	}
}
