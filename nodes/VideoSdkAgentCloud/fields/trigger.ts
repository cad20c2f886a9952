import { type INodeProperties } from 'n8n-workflow';
import { CALL_EVENTS, CALL_SUMMARY, EVENT_PREFIX } from '../webhook/event';
import { EVENT_OPTIONS, ROOM_EVENT_OPTIONS, TRIGGER_EVENT_OPTIONS } from './events';

/** Makes a notice that is shown if one of these events is chosen. */
function notice(name: string, events: string[], displayName: string): INodeProperties {
	return { displayName, name, type: 'notice', default: '', displayOptions: { show: { events } } };
}

/** The parameters of the trigger. */
export const TRIGGER_FIELDS: INodeProperties[] = [
	{
		displayName: 'Trigger On',
		name: 'events',
		type: 'multiOptions',
		required: true,
		options: TRIGGER_EVENT_OPTIONS,
		default: [`${EVENT_PREFIX}started`, `${EVENT_PREFIX}failed`],
		description: 'The events that start the workflow. Type to search.',
	},
	notice(
		'sessionNotice',
		[...EVENT_OPTIONS, ...ROOM_EVENT_OPTIONS].map(({ value }) => value),
		"Agent sessions and rooms: publish this workflow, then select this trigger in 'Webhook URL' of the node that starts the session or creates the room, with the same events. If the Webhook URL begins with http://localhost, VideoSDK cannot reach it: give n8n a public address first (N8N_WEBHOOK_URL).",
	),
	notice(
		'callNotice',
		CALL_EVENTS,
		'Calls: nothing to set up. While this workflow is published or listens for a test event, the trigger is registered with VideoSDK for all calls of the project.',
	),
	notice(
		'callSummaryNotice',
		[CALL_SUMMARY],
		"Call summaries: copy the Production URL from 'Webhook URLs' above into the settings of the agent in the VideoSDK dashboard.",
	),
	{
		displayName: 'Verify Signature',
		name: 'verifySignature',
		type: 'boolean',
		default: true,
		description:
			'Whether to accept only events signed by VideoSDK. Without it, anyone who knows the URL can start the workflow: switch it off for trials only.',
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'Call Details',
				name: 'callDetails',
				type: 'boolean',
				default: false,
				description:
					'Whether to fetch the call and add it as <code>call</code>. If that fails, the event comes without it.',
			},
			{
				displayName: 'Call Direction',
				name: 'callDirection',
				type: 'multiOptions',
				options: [
					{ name: 'Inbound', value: 'inbound', description: 'Calls that people make to an agent' },
					{ name: 'Outbound', value: 'outbound', description: 'Calls that an agent makes' },
				],
				default: [],
				description:
					'Only events of calls in this direction. If an event does not name it, the call is fetched; if that fails, the workflow starts.',
			},
			{
				displayName: 'Deployment Names or IDs',
				name: 'deploymentIds',
				type: 'multiOptions',
				typeOptions: { loadOptionsMethod: 'getDeployments' },
				default: [],
				description:
					'Only sessions of these deployments. If an event does not name its deployment, the session is fetched; if that fails, the workflow starts. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
			},
			{
				displayName: 'Session Details',
				name: 'sessionDetails',
				type: 'boolean',
				default: false,
				description:
					'Whether to fetch the session of the agent and add it as <code>session</code>. If that fails, the event comes without it.',
			},
			{
				displayName: 'Skip Duplicates',
				name: 'skipDuplicates',
				type: 'boolean',
				default: true,
				description: 'Whether to ignore events that were already received',
			},
		],
	},
];
