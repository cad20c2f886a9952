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
import { triggerPanel } from '../VideoSdkAgentCloud/webhook/triggerPanel';
import { log } from '../VideoSdkAgentCloud/webhook/log';
import { HINTS } from '../VideoSdkAgentCloud/fields/hints';
import { readDefinition, TOOL_FIELDS } from '../VideoSdkAgentCloud/fields/triggers/toolTrigger';
import { readToolKey, receiveToolCall } from './receiveToolCall';

/** Not in the editor's list of URLs: an MCP client that tries these must be told that there is no stream and no session. */
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
		// n8n evaluates an expression for each request to a webhook of version 1.
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
			/** Nothing is registered anywhere: agents are given the URL. */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return false;
			},

			/**
			 * Runs when the workflow is published, when it listens for a test call, and when n8n starts. A tool that cannot work is not
			 * published; at its own start n8n would take it off the air for that, so it is only logged then.
			 */
			async create(this: IHookFunctions): Promise<boolean> {
				try {
					const { name, timeoutMs } = readDefinition(this);
					const key = await readToolKey(this);
					rememberNode(this, { toolName: name, timeoutS: timeoutMs / 1000, key });
				} catch (error) {
					const { message } = error as Error;
					// The editor shows nothing but the message when publishing fails.
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

	/** Passes the call on. Without it n8n would run `trigger` in its place when the call came to the Test URL, and lose the call. */
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [this.getInputData()];
	}

	/** With it n8n runs the hooks of published workflows at each of its starts, which fills the list of tools. */
	async trigger(): Promise<ITriggerResponse> {
		return {};
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return this.getRequestObject().method === 'POST' ? await receiveToolCall(this) : rejectMethod(this);
	}
}
