import {
	type IDataObject,
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
import { CREDENTIAL_TYPE } from './api/http/credential';
import { HINTS } from './fields/hints';
import { asList } from './fields/kit/values';
import { checkTriggerChoices, readTriggerChoices, TRIGGER_FIELDS } from './fields/triggers/trigger';
import { LOAD_OPTIONS } from './dropdowns';
import { emit } from './trigger/emit';
import { receive } from './trigger/receive';
import {
	checkAtStart,
	readRegistrant,
	register,
	unregister,
	warnIfUnreachable,
} from './trigger/registration';
import { TRIGGER_EVENT_OPTIONS } from './webhook/event';
import { isStartOfN8n, rememberNode, rememberUnpublished } from './webhook/knownNodes';
import { triggerPanel } from './fields/triggers/triggerPanel';
import { readVerificationSettings } from './webhook/verificationSettings';
import { log } from './webhook/log';

/** The labels of the events by their values, because the subtitle shows labels. */
const EVENT_NAMES = Object.fromEntries(TRIGGER_EVENT_OPTIONS.map(({ name, value }) => [value, name]));

const readOptions = (options: IDataObject) => ({
	skipDuplicates: options.skipDuplicates !== false,
	details: { session: options.sessionDetails === true, call: options.callDetails !== false },
	choices: readTriggerChoices(options),
});

/** Starts a workflow at the events of agent sessions, calls and rooms. With Verify Signature, it accepts only what VideoSDK has signed. */
export class VideoSdkAgentCloudTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'VideoSDK Agent Cloud Trigger',
		name: 'videoSdkAgentCloudTrigger',
		icon: { light: 'file:../../icons/videosdk.svg', dark: 'file:../../icons/videosdk.dark.svg' },
		group: ['trigger'],
		// For a node of version 1, n8n evaluates an expression at each request (parseRequestBody in webhook-helpers), which takes longer
		// than handling the event.
		version: 1.1,
		subtitle: `={{ $parameter["events"].map((event) => (${JSON.stringify(EVENT_NAMES)})[event] ?? event).join(", ") }}`,
		// In the nodes panel, n8n shows this description for the action node as well.
		description:
			'Make calls and run sessions with AI voice agents, and start a workflow when something happens to a call, session, or room',
		eventTriggerDescription: "Make a call, or start a session with this trigger's Test URL in 'Webhook URL'",
		activationMessage:
			"This trigger is live. Call events arrive on their own, except summaries. For session and room events, select it in 'Webhook URL' in the node that starts the session or creates the room.",
		triggerPanel: triggerPanel(
			'Receive events from VideoSDK Agent Cloud',
			"make a call, or start a session with the Test URL in 'Webhook URL'. n8n waits up to two minutes for one event",
		),
		builderHint: {
			searchHint:
				"Starts a workflow when an AI voice agent's session, a phone call or a VideoSDK room starts, ends, or fails, and when a call's summary arrives.",
			relatedNodes: [
				{
					nodeType: 'n8n-nodes-videosdk-agent-cloud.videoSdkAgentCloud',
					relationHint:
						"Starts the sessions and creates the rooms whose events arrive here. Select this trigger in its 'Webhook URL', with the same credential and the same events. With 'Session Details', this trigger outputs a session's 'Metadata' as session.metadata.",
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
				// Without it, n8n responds with the text "firstEntryJson" (extractWebhookOnReceivedResponse).
				responseData: 'noData',
				path: 'webhook',
			},
		],
		hints: HINTS,
		properties: TRIGGER_FIELDS,
	};

	methods = { loadOptions: LOAD_OPTIONS };

	webhookMethods = {
		default: {
			/**
			 * When n8n starts, the check runs in the background and doesn't throw, because n8n would then take the trigger off the air
			 * (its WebhookTriggerRegistrar; test/e2e/registration). When the workflow is published, or listens, `create` does the check.
			 */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				const isStart = isStartOfN8n(this);
				try {
					const events = asList(this.getNodeParameter('events', []));
					rememberNode(this, { events });
					if (isStart) await checkAtStart(this, readRegistrant(this, events));
				} catch (error) {
					if (!isStart) throw new NodeOperationError(this.getNode(), error as Error);
					const { message: reason } = error as Error;
					log(this, 'warn', "couldn't check its registration for call events when n8n started", { reason });
				}
				return isStart;
			},

			/** Runs when the workflow is published, or listens, and rejects a credential with which no event could be verified. */
			async create(this: IHookFunctions): Promise<boolean> {
				const events = asList(this.getNodeParameter('events', []));
				const registrant = readRegistrant(this, events);
				try {
					const { choices } = readOptions(this.getNodeParameter('options', {}) as IDataObject);
					checkTriggerChoices(events, choices);
					const isVerifying = this.getNodeParameter('verifySignature', true) !== false;
					const credential = await this.getCredentials(CREDENTIAL_TYPE);
					warnIfUnreachable(registrant, isVerifying ? readVerificationSettings(credential).baseUrl : '');
					await register(this, registrant);
				} catch (error) {
					throw new NodeOperationError(this.getNode(), error as Error);
				}
				return true;
			},

			async delete(this: IHookFunctions): Promise<boolean> {
				rememberUnpublished(this);
				await unregister(this, readRegistrant(this, asList(this.getNodeParameter('events', []))));
				return true;
			},
		},
	};

	/**
	 * Does nothing, because events come by webhook. When n8n starts, it calls the webhook's hooks only for a node that has this method
	 * (its WorkflowPublicationReconciler; test/e2e/registration). until: n8n calls them without it, as n8n 2.14 does.
	 */
	async trigger(): Promise<ITriggerResponse> {
		return {};
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receive(this, {
			verifySignature: this.getNodeParameter('verifySignature', true) !== false,
			events: asList(this.getNodeParameter('events', [])),
			...readOptions(this.getNodeParameter('options', {}) as IDataObject),
		});
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [await emit(this, readOptions(this.getNodeParameter('options', 0, {}) as IDataObject))];
	}
}
