import type {
	IExecuteFunctions,
	IHookFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';
import { CREDENTIAL_TYPE } from './api/credential';
import { asList } from './fields/reader';
import { TRIGGER_FIELDS } from './fields/trigger';
import { LOAD_OPTIONS } from './lists';
import type { Details } from './trigger/emit';
import { emit } from './trigger/emit';
import { rememberTrigger, rememberUnpublished } from './trigger/knownTriggers';
import { receive } from './trigger/receive';
import {
	isRegistered,
	isStartOfN8n,
	register,
	unregister,
	warn,
	warnIfUnreachable,
} from './trigger/registration';
import { readVerificationSettings } from './webhook/verificationSettings';

interface TriggerOptions {
	callDetails?: boolean;
	callDirection?: unknown;
	deploymentIds?: unknown;
	sessionDetails?: boolean;
	skipDuplicates?: boolean;
}

function detailsOf({ sessionDetails, callDetails }: TriggerOptions): Details {
	return { session: sessionDetails === true, call: callDetails === true };
}

/** Starts a workflow at the events of agent sessions, calls and rooms. Accepts only what VideoSDK signed. */
export class VideoSdkAgentCloudTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'VideoSDK Agent Cloud Trigger',
		name: 'videoSdkAgentCloudTrigger',
		icon: { light: 'file:../../icons/videosdk.svg', dark: 'file:../../icons/videosdk.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle:
			'={{ $parameter["events"].map((event) => event.replace("ai-deployment-session-", "")).join(", ") }}',
		// n8n shows it for both nodes in the nodes panel.
		description:
			'Start and manage sessions and calls of AI voice agents, and start a workflow at the events of sessions, calls and rooms',
		eventTriggerDescription:
			"Make a call, or start a session with this trigger's Test URL as its 'Webhook URL'",
		activationMessage:
			"Chosen events of calls now start your workflow. For sessions and rooms, select this trigger in 'Webhook URL' of the node that starts or creates them.",
		triggerPanel: {
			header: 'Receive events from VideoSDK Agent Cloud',
			executionsHelp: {
				inactive:
					"<b>While building</b>: click <b>Execute step</b>, then make a call, or start a session with the Test URL as its 'Webhook URL'. It takes one event, within two minutes.<br /><br /><b>In production</b>: publish this workflow. Its executions are listed under Executions.",
				active:
					"<b>While building</b>: click <b>Execute step</b>, then make a call, or start a session with the Test URL as its 'Webhook URL'. It takes one event, within two minutes.<br /><br /><b>In production</b>: this workflow is published. Its executions are listed under Executions.",
			},
			activationHint: 'Publish the workflow to use its Production URL',
		},
		builderHint: {
			searchHint:
				"Starts a workflow when an AI voice agent's session, a phone call or a room of VideoSDK begins, ends or fails, and with the summary of a call. Events of calls need nothing else: the trigger registers itself.",
			relatedNodes: [
				{
					nodeType: 'n8n-nodes-videosdk-agent-cloud.videoSdkAgentCloud',
					relationHint:
						"Starts the sessions and rooms whose events arrive here: this trigger is selected in its 'Webhook URL', with the same credential and the same events. What is entered there in 'Context' comes out here as context.",
				},
			],
		},
		defaults: { name: 'VideoSDK Agent Cloud Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'videoSdkAgentCloudApi', required: true }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				// Without it n8n answers with the odd text "firstEntryJson".
				responseData: 'noData',
				path: 'webhook',
			},
		],
		properties: TRIGGER_FIELDS,
	};

	methods = { loadOptions: LOAD_OPTIONS };

	webhookMethods = {
		default: {
			/** Only call events are registered at VideoSDK; the URL for others is given where a session or room is made. */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				const events = asList(this.getNodeParameter('events', []));
				rememberTrigger(this, events);
				return await isRegistered(this, events);
			},

			/**
			 * Runs when the workflow is published: rejects a credential with which no event could ever be verified. At its own start n8n
			 * would take a trigger off the air for that, so it is only logged then.
			 */
			async create(this: IHookFunctions): Promise<boolean> {
				try {
					if (this.getNodeParameter('verifySignature', true) !== false) {
						const credential = await this.getCredentials(CREDENTIAL_TYPE);
						warnIfUnreachable(this, readVerificationSettings(credential).baseUrl);
					}
					await register(this, asList(this.getNodeParameter('events', [])));
				} catch (error) {
					if (!isStartOfN8n(this)) throw new NodeOperationError(this.getNode(), error as Error);
					warn(this, 'could not be set up when n8n started, and stays as it is', error as Error);
				}
				return true;
			},

			async delete(this: IHookFunctions): Promise<boolean> {
				rememberUnpublished(this);
				await unregister(this);
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const options = this.getNodeParameter('options', {}) as TriggerOptions;
		return await receive(this, {
			verifySignature: this.getNodeParameter('verifySignature', true) !== false,
			events: asList(this.getNodeParameter('events', [])),
			deploymentIds: asList(options.deploymentIds),
			callDirections: asList(options.callDirection),
			skipDuplicates: options.skipDuplicates !== false,
			details: detailsOf(options),
		});
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const options = this.getNodeParameter('options', 0, {}) as TriggerOptions;
		return [
			await emit(this, {
				skipDuplicates: options.skipDuplicates !== false,
				details: detailsOf(options),
			}),
		];
	}
}
