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
import { triggerPanel } from './webhook/triggerPanel';
import { readVerificationSettings } from './webhook/verificationSettings';
import { log } from './webhook/log';

/** By value, for the subtitle. */
const EVENT_NAMES = Object.fromEntries(TRIGGER_EVENT_OPTIONS.map(({ name, value }) => [value, name]));

const readOptions = (options: IDataObject) => ({
	skipDuplicates: options.skipDuplicates !== false,
	details: { session: options.sessionDetails === true, call: options.callDetails !== false },
	choices: readTriggerChoices(options),
});

/** Starts a workflow at the events of agent sessions, calls and rooms. Accepts only what VideoSDK signed. */
export class VideoSdkAgentCloudTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'VideoSDK Agent Cloud Trigger',
		name: 'videoSdkAgentCloudTrigger',
		icon: { light: 'file:../../icons/videosdk.svg', dark: 'file:../../icons/videosdk.dark.svg' },
		group: ['trigger'],
		// n8n evaluates an expression for each request to a webhook of version 1.
		version: 1.1,
		subtitle: `={{ $parameter["events"].map((event) => (${JSON.stringify(EVENT_NAMES)})[event] ?? event).join(", ") }}`,
		// n8n shows it for both nodes in the nodes panel.
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
				// Without it n8n answers with the odd text "firstEntryJson".
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
			 * At a start of n8n everything is checked in the background, and nothing throws: n8n would take the trigger off the air.
			 * When the workflow is published or listens, `create` looks itself.
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

			/** Runs when the workflow is published: rejects a credential with which no event could ever be verified. */
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

	/** Events come by webhook. With this method n8n also calls the hooks above at each of its starts. */
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
