import { type INodeProperties } from 'n8n-workflow';
import { CALL_EVENTS, CALL_SUMMARY, EVENT_PREFIX } from '../webhook/eventNames';
import { EVENT_OPTIONS, ROOM_EVENT_OPTIONS, TRIGGER_EVENT_OPTIONS } from './events';

const PUBLIC_URL =
	'<a href="https://github.com/videosdk-community/n8n-nodes-videosdk-agent-cloud/blob/main/docs/troubleshooting.md#n8n-at-home-or-in-docker" target="_blank">public URL</a>';

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
		`For session and room events, publish this workflow, then select it in 'Webhook URL' in the node that starts the session or creates the room. n8n needs a ${PUBLIC_URL}.`,
	),
	notice(
		'callNotice',
		CALL_EVENTS,
		`While this workflow is published, it receives the events of all calls in your VideoSDK project. n8n needs a ${PUBLIC_URL}.`,
	),
	notice(
		'callSummaryNotice',
		[CALL_SUMMARY],
		"For call summaries, copy the Production URL from 'Webhook URLs' above into the agent's settings in the VideoSDK dashboard",
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
				default: true,
				description:
					'Whether to add how the call went to Ended, Missed, and Transferred (<code>outcome</code>, <code>answered</code>, <code>durationSeconds</code>, and the whole <code>call</code>)',
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
					"Only start for calls in this direction. If n8n can't find out the direction, the workflow starts anyway.",
			},
			{
				displayName: 'Deployment Names or IDs',
				name: 'deploymentIds',
				type: 'multiOptions',
				typeOptions: { loadOptionsMethod: 'getDeployments' },
				default: [],
				description:
					'Only start for sessions of these deployments. If n8n can\'t find out the deployment, the workflow starts anyway. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
			},
			{
				displayName: 'Session Details',
				name: 'sessionDetails',
				type: 'boolean',
				default: false,
				description:
					"Whether to add the agent session to the output as <code>session</code>. It's left out if it can't be fetched.",
			},
			{
				displayName: 'Skip Duplicates',
				name: 'skipDuplicates',
				type: 'boolean',
				default: true,
				description:
					'Whether to ignore an event that has already been received. Events that can happen again, such as a participant joining, always start the workflow.',
			},
		],
	},
];
