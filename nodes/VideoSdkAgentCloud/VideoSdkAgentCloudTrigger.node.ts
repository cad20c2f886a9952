import type {
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';
import { getSession } from './actions/session/get.operation';
import { isOfDeployment } from './events/deploymentFilter';
import { EVENT_PREFIX, shortEventName } from './events/event';
import { judgeDelivery } from './events/judge';
import { isFirstRun } from './events/processedEvents';
import { RecentEvents } from './events/recentEvents';
import { respond } from './events/respond';
import { readList } from './fields/ids';
import { EVENT_OPTIONS } from './fields/webhook';
import { readVerificationSettings } from './signature/credentialKeys';
import { CREDENTIAL_TYPE, sendFrom } from './transport/request';

const recentEvents = new RecentEvents();

interface TriggerOptions {
	sessionDetails?: boolean;
	deploymentIds?: unknown;
	skipDuplicates?: boolean;
}

/** Adds the event's session as it now stands. If it cannot be had, the event goes on without it. */
async function withSession(context: IExecuteFunctions, event: IDataObject): Promise<IDataObject> {
	try {
		const session = await getSession(sendFrom(context), String(event.sessionId));
		return { ...event, session };
	} catch (error) {
		context.logger.warn('The session of an event could not be fetched', { reason: (error as Error).message });
		return event;
	}
}

/** Starts a workflow when a session of an agent starts, stops or fails. Believes only what VideoSDK signed. */
export class VideoSdkAgentCloudTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'VideoSDK Agent Cloud Trigger',
		name: 'videoSdkAgentCloudTrigger',
		icon: { light: 'file:../../icons/videosdk.svg', dark: 'file:../../icons/videosdk.dark.svg' },
		group: ['trigger'],
		// The same node. For each delivery to one of version 1 exactly, n8n evaluates an expression before it asks the node.
		version: [1, 1.1],
		defaultVersion: 1.1,
		subtitle: '={{ $parameter["events"].map((event) => event.split("-").pop()).join(", ") }}',
		description: 'Starts the workflow when a session of an AI voice agent starts, stops or fails',
		eventTriggerDescription: 'Start a session whose "Webhook URL" is the Test URL of this trigger',
		activationMessage:
			'Copy the Production URL of the trigger into "Webhook URL" of the step that starts sessions: VideoSDK sends the events of a session to the address that it was started with.',
		triggerPanel: {
			header: 'Receive events from VideoSDK Agent Cloud',
			executionsHelp: {
				inactive:
					'<b>While building</b>: click "Execute step", and start a session whose "Webhook URL" is the Test URL, shown under "Webhook URLs". It takes one event, within two minutes.<br /><br /><b>For real</b>: publish this workflow, then copy the Production URL from "Webhook URLs" into "Webhook URL" of the step that starts sessions. Runs are found under Executions.',
				active:
					'<b>While building</b>: click "Execute step", and start a session whose "Webhook URL" is the Test URL, shown under "Webhook URLs". It takes one event, within two minutes.<br /><br /><b>For real</b>: this workflow is published. Sessions whose "Webhook URL" is the Production URL start it. Runs are found under Executions.',
			},
			activationHint:
				'Once published, copy the Production URL from "Webhook URLs" into "Webhook URL" of the step that starts sessions.',
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
		properties: [
			{
				displayName:
					'VideoSDK sends the events of a session to the URL that the session was started with. Publish this workflow, then copy the Production URL from "Webhook URLs" above into "Webhook URL" of the step that starts sessions, and choose the same events there in "Webhook Events".',
				name: 'notice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'Trigger On',
				name: 'events',
				type: 'multiOptions',
				required: true,
				options: EVENT_OPTIONS,
				default: [`${EVENT_PREFIX}started`, `${EVENT_PREFIX}failed`],
			},
			{
				displayName: 'Verify Signature',
				name: 'verifySignature',
				type: 'boolean',
				default: true,
				description:
					'Whether to believe only events that VideoSDK signed. Without it anybody who knows the URL can start the workflow: switch it off for trials only.',
			},
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add option',
				default: {},
				options: [
					{
						displayName: 'Deployment IDs',
						name: 'deploymentIds',
						type: 'string',
						default: '',
						placeholder: 'e.g. ddv_1a2b3c, ddv_4d5e6f',
						description:
							'Start the workflow only for sessions of these deployments, separated by commas. The IDs are in the output of Deployment: Get Many. If an event does not name its deployment, the session is fetched; if it cannot be found out, the workflow starts.',
					},
					{
						displayName: 'Session Details',
						name: 'sessionDetails',
						type: 'boolean',
						default: false,
						description:
							'Whether to fetch the session and add it as "session". If that fails, the event comes without it.',
					},
					{
						displayName: 'Skip Duplicates',
						name: 'skipDuplicates',
						type: 'boolean',
						default: true,
						description: 'Whether an event that is delivered again is left out',
					},
				],
			},
		],
	};

	webhookMethods = {
		default: {
			/** VideoSDK has no registration of webhooks, so there is never one that could exist already. */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return false;
			},

			/** Runs when the workflow is published: refuses a credential by which no event could ever be judged. */
			async create(this: IHookFunctions): Promise<boolean> {
				if (this.getNodeParameter('verifySignature', true) === false) return true;
				try {
					readVerificationSettings(await this.getCredentials(CREDENTIAL_TYPE));
				} catch (error) {
					throw new NodeOperationError(this.getNode(), error as Error);
				}
				return true;
			},

			async delete(this: IHookFunctions): Promise<boolean> {
				return true;
			},
		},
	};

	/** Answers a delivery, and hands a genuine, chosen, new event to the workflow. */
	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const judgement = await judgeDelivery(this, this.getNodeParameter('verifySignature', true) !== false);
		if ('refusal' in judgement) return respond(this, judgement.refusal.status, judgement.refusal.sentence);

		const { event } = judgement;
		const name = shortEventName(event.webhookType);
		const chosen = readList(this.getNodeParameter('events', []));
		const { deploymentIds, skipDuplicates } = this.getNodeParameter('options', {}) as TriggerOptions;
		if (
			name === undefined ||
			!chosen.some((choice) => shortEventName(choice) === name) ||
			!(await isOfDeployment(this, event, readList(deploymentIds)))
		) {
			return respond(this, 200, 'The event is genuine, but not one that this workflow waits for');
		}
		const item: IDataObject = { ...event, receivedAt: new Date().toISOString() };
		// A user who tries something out sends the same event again and again.
		if (skipDuplicates !== false && this.getMode() !== 'manual') {
			const settle = await recentEvents.claim(
				`${this.getWorkflow().id}:${this.getNode().id}:${event.eventId}`,
			);
			if (settle === undefined) return respond(this, 200, 'The event came before');
			const response = this.getResponseObject();
			// n8n answers 200 once it has stored the run; "close" comes after every answer, and when the sender went away.
			const settleByAnswer = () => settle(response.writableFinished && response.statusCode === 200);
			// It comes only once: the sender may have gone away while the delivery was judged.
			if (response.closed) settleByAnswer();
			else response.once('close', settleByAnswer);
		}
		return { workflowData: [[{ json: item }]] };
	}

	/** Runs at the beginning of the run that the event started, when the sender has long had the answer. */
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const options = this.getNodeParameter('options', 0, {}) as TriggerOptions;
		const items: INodeExecutionData[] = [];
		for (const [index, { json }] of this.getInputData().entries()) {
			if (options.skipDuplicates !== false && !(await isFirstRun(this, String(json.eventId)))) continue;
			items.push({
				json: options.sessionDetails && json.sessionId ? await withSession(this, json) : json,
				pairedItem: { item: index },
			});
		}
		return [items];
	}
}
