import type {
	IDataObject,
	IDisplayOptions,
	IExecuteFunctions,
	INodeProperties,
	NodeHint,
} from 'n8n-workflow';
import { EVENT_PREFIX } from '../events/event';
import { readList } from './ids';
import { inputError } from './inputError';

/** The five events of a session, as multiOptions; the values are the names of the start call. */
export const EVENT_OPTIONS = [
	{
		name: 'Session Failed',
		value: `${EVENT_PREFIX}failed`,
		description: 'The session could not go on, or never began',
	},
	{ name: 'Session Started', value: `${EVENT_PREFIX}started`, description: 'The agent is in the call' },
	{
		name: 'Session Starting',
		value: `${EVENT_PREFIX}starting`,
		description: 'The agent is being brought up',
	},
	{ name: 'Session Stopped', value: `${EVENT_PREFIX}stopped`, description: 'The session is over' },
	{ name: 'Session Stopping', value: `${EVENT_PREFIX}stopping`, description: 'The session is being ended' },
];

/** Where VideoSDK sends the events of the session. */
export function webhookProperties(displayOptions: IDisplayOptions): INodeProperties[] {
	return [
		{
			displayName: 'Webhook URL',
			name: 'webhookUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/…/webhook',
			description:
				"Where VideoSDK sends the events of this session. Publish the workflow with the VideoSDK Agent Cloud Trigger first, then paste the trigger's Production URL here. Leave empty for no events.",
			hint: 'The internet must be able to reach it',
			displayOptions,
		},
		{
			displayName: 'Webhook Events',
			name: 'webhookEvents',
			type: 'multiOptions',
			options: EVENT_OPTIONS,
			default: [`${EVENT_PREFIX}started`, `${EVENT_PREFIX}stopped`, `${EVENT_PREFIX}failed`],
			description: 'Which events are sent to the Webhook URL',
			displayOptions: { ...displayOptions, hide: { webhookUrl: [''] } },
		},
	];
}

/** Shown in the editor before the step is run: the session would cost money, and its events would never come. */
export const LOCAL_WEBHOOK_HINT: NodeHint = {
	message:
		'"Webhook URL" leads to the machine that n8n runs on, where VideoSDK cannot reach it: no events will come. Give n8n a public address (N8N_WEBHOOK_URL), then copy the Production URL of the trigger again.',
	type: 'warning',
	location: 'outputPane',
	whenToDisplay: 'always',
	displayCondition:
		'={{ $parameter["operation"] === "start" && /^\\s*https?:\\/\\/(localhost|127\\.[\\d.]+|\\[::1])([:\\/]|$)/i.test($parameter["webhookUrl"]) }}',
};

/**
 * Reads the webhook of a session.
 *
 * @returns the API's `webhook`, or undefined if no URL is given
 * @throws NodeOperationError if the URL is not absolute http(s), or no event is chosen
 */
export function readWebhook(context: IExecuteFunctions, itemIndex: number): IDataObject | undefined {
	const endPoint = String(context.getNodeParameter('webhookUrl', itemIndex, '') ?? '').trim();
	if (endPoint === '') return undefined;
	const protocol = URL.canParse(endPoint) ? new URL(endPoint).protocol : '';
	if (!/^https?:\/\//i.test(endPoint) || !['http:', 'https:'].includes(protocol)) {
		throw inputError(
			context,
			'"Webhook URL" is not an absolute http or https URL',
			'Copy the Production URL from the VideoSDK Agent Cloud Trigger, or leave "Webhook URL" empty.',
			itemIndex,
		);
	}
	const events = readList(context.getNodeParameter('webhookEvents', itemIndex, []));
	if (events.length === 0) {
		throw inputError(
			context,
			'"Webhook Events" is empty although "Webhook URL" is set',
			'Choose at least one event, or leave "Webhook URL" empty.',
			itemIndex,
		);
	}
	const unknown = events.find((event) => !EVENT_OPTIONS.some(({ value }) => value === event));
	if (unknown !== undefined) {
		throw inputError(
			context,
			`"Webhook Events" holds "${unknown}", which VideoSDK does not send`,
			`Use names such as ${EVENT_PREFIX}started.`,
			itemIndex,
		);
	}
	return { endPoint, events };
}
