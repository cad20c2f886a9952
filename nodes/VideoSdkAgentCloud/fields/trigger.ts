import { type INodeProperties } from 'n8n-workflow';
import { CALL_EVENTS, CALL_SUMMARY, EVENT_PREFIX } from '../webhook/eventNames';
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
		"For agent sessions and rooms, publish this workflow. Then open the node that starts the session or creates the room, select this trigger in its 'Webhook URL' and choose the same events there. If the URL under 'Webhook URLs' above starts with http://localhost, VideoSDK can't reach it. Give n8n a public URL first (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL).",
	),
	notice(
		'callNotice',
		CALL_EVENTS,
		'Call events need no setup in VideoSDK, but n8n needs a public URL. While this workflow is published or listening for a test event, it receives the events of all calls in your VideoSDK project.',
	),
	notice(
		'callSummaryNotice',
		[CALL_SUMMARY],
		"For call summaries, copy the Production URL from 'Webhook URLs' above into the agent's settings in the VideoSDK dashboard.",
	),
	{
		displayName: 'Verify Signature',
		name: 'verifySignature',
		type: 'boolean',
		default: true,
		description:
			'Whether to accept only events signed by VideoSDK. If turned off, anyone who knows the URL can start the workflow. Turn it off only for testing.',
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
					"Whether to fetch the call and add it to the output as <code>call</code>. If it can't be fetched, the output won't include it.",
			},
			{
				displayName: 'Call Direction',
				name: 'callDirection',
				type: 'multiOptions',
				options: [
					{ name: 'Inbound', value: 'inbound', description: 'Calls from people to an agent' },
					{ name: 'Outbound', value: 'outbound', description: 'Calls from an agent to people' },
				],
				default: [],
				description:
					"Only start for calls in this direction. If an event doesn't include the direction, n8n looks it up. If that isn't possible, the workflow starts anyway.",
			},
			{
				displayName: 'Deployment Names or IDs',
				name: 'deploymentIds',
				type: 'multiOptions',
				typeOptions: { loadOptionsMethod: 'getDeployments' },
				default: [],
				description:
					'Only start for sessions of these deployments. If an event doesn\'t include the deployment, n8n looks it up. If that isn\'t possible, the workflow starts anyway. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
			},
			{
				displayName: 'Session Details',
				name: 'sessionDetails',
				type: 'boolean',
				default: false,
				description:
					"Whether to fetch the agent session and add it to the output as <code>session</code>. If it can't be fetched, the output won't include it.",
			},
			{
				displayName: 'Skip Duplicates',
				name: 'skipDuplicates',
				type: 'boolean',
				default: true,
				description:
					"Whether to ignore events that have already been received. When a participant leaves and joins again, that's a new event.",
			},
		],
	},
];
