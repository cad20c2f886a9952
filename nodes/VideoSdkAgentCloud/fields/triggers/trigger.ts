import { type IDataObject, type INodeProperties, UserError } from 'n8n-workflow';
import { asRecord, trimmed } from '../../api/http/responseReaders';
import { isPhoneNumber } from '../../api/telephony';
import { type Choices } from '../../trigger/filter';
import {
	choicesField,
	collectionField,
	groupField,
	switchField,
	textField,
	withoutPolicy,
} from '../kit/field';
import { asList } from '../kit/values';
import {
	CALL_EVENTS,
	CALL_SUMMARY,
	SESSION_EVENT_OPTIONS,
	EVENT_PREFIX,
	eventName,
	ROOM_EVENT_OPTIONS,
	TRIGGER_EVENT_OPTIONS,
} from '../../webhook/eventNames';

const PUBLIC_URL =
	'<a href="https://github.com/videosdk-community/n8n-nodes-videosdk-agent-cloud/blob/main/docs/public-url.md" target="_blank">public URL</a>';

/** Makes a notice that is shown if one of the events is chosen. */
function notice(name: string, events: string[], displayName: string): INodeProperties {
	return { displayName, name, type: 'notice', default: '', displayOptions: { show: { events } } };
}

const DIRECTIONS = [
	{ name: 'Inbound', value: 'inbound', description: 'Calls from people to an agent' },
	{ name: 'Outbound', value: 'outbound', description: 'Calls from an agent to people' },
];

const FIELDS: INodeProperties[] = [
	choicesField('required', 'Trigger On', 'events', {
		required: true,
		options: TRIGGER_EVENT_OPTIONS,
		default: [`${EVENT_PREFIX}started`, `${EVENT_PREFIX}failed`],
		description: 'The events that start the workflow. Type to search.',
	}),
	notice(
		'sessionNotice',
		[...SESSION_EVENT_OPTIONS, ...ROOM_EVENT_OPTIONS].map(({ value }) => value),
		`For session and room events, publish this workflow and select it in 'Webhook URL' in the node that starts the session or creates the room. n8n needs a ${PUBLIC_URL}.`,
	),
	notice(
		'callNotice',
		CALL_EVENTS,
		`While this workflow is published, it receives the events of all calls in your VideoSDK project, including those that n8n makes. 'Options' can narrow that down. If this workflow makes calls, set 'Call Direction' to 'Inbound', or they may start it again, without end. n8n needs a ${PUBLIC_URL}.`,
	),
	notice(
		'callSummaryNotice',
		[CALL_SUMMARY],
		"For call summaries, paste the Production URL into the agent's settings in the VideoSDK dashboard",
	),
	switchField('default', 'Verify Signature', 'verifySignature', {
		default: true,
		description:
			'Whether to accept only events signed by VideoSDK. If turned off, anyone who knows the URL can start this workflow.',
	}),
	collectionField('default', 'Options', 'options', {
		placeholder: 'Add option',
		options: [
			switchField('default', 'Call Details', 'callDetails', {
				default: true,
				description:
					'Whether to add the outcome, the duration, and the <code>call</code> to the Ended, Missed, and Transferred events',
			}),
			choicesField('default', 'Call Direction', 'callDirection', {
				options: DIRECTIONS,
				description: "Only start for calls in this direction, and for those whose direction isn't known",
			}),
			choicesField('default', 'Deployment Names or IDs', 'deploymentIds', {
				typeOptions: { loadOptionsMethod: 'getDeployments' },
				description:
					'For session events, only start for these deployments, and for those whose deployment isn\'t known. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
			}),
			groupField('default', 'Metadata Has', 'metadataHas', {
				default: { entry: {} },
				placeholder: 'Add Entry',
				description:
					"For call events, only start for calls with this entry in their metadata, and for those whose metadata isn't known",
				options: [
					{
						displayName: 'Entry',
						name: 'entry',
						values: [
							textField('default', 'Name', 'name', { placeholder: 'e.g. campaign' }),
							textField('default', 'Value', 'value', { placeholder: 'e.g. spring' }),
						],
					},
				],
			}),
			choicesField('default', 'Phone Numbers', 'phoneNumbers', {
				typeOptions: { loadOptionsMethod: 'getPhoneNumbers' },
				description:
					'For call events, only start for calls to or from these numbers of yours, and for those whose number isn\'t known. Choose from the list, or specify numbers using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
			}),
			switchField('default', 'Session Details', 'sessionDetails', {
				description:
					"Whether to add the agent session to the output as <code>session</code>. It's missing if it can't be fetched.",
			}),
			switchField('default', 'Skip Duplicates', 'skipDuplicates', {
				default: true,
				description:
					'Whether to ignore events already received. Those that can recur, such as a participant joining, are never ignored.',
			}),
		],
	}),
];

export const TRIGGER_FIELDS = FIELDS.map(withoutPolicy);

/** @returns the choices of one option. An expression that gives nothing must not mean "all", so it becomes [''], which matches nothing */
function readChoices(options: IDataObject, name: keyof Choices): string[] {
	const { [name]: value } = options;
	const choices = asList(value);
	const isBlank = name in options && !Array.isArray(value) && choices.length === 0;
	return isBlank ? [''] : choices;
}

/** Reads the options that filter events. */
export function readTriggerChoices(options: IDataObject): Choices {
	const { name, value } = asRecord(asRecord(options.metadataHas).entry);
	return {
		deploymentIds: readChoices(options, 'deploymentIds'),
		callDirection: readChoices(options, 'callDirection').map((one) => one.toLowerCase()),
		phoneNumbers: readChoices(options, 'phoneNumbers'),
		metadataHas: 'metadataHas' in options ? [{ name: trimmed(name), value: trimmed(value) }] : [],
	};
}

/**
 * Checks the events and filters, because a trigger in which an expression or a generated workflow has misspelled one, or left it empty,
 * would be published and never start.
 *
 * @throws UserError naming the field
 */
export function checkTriggerChoices(events: string[], choices: Choices): void {
	const { callDirection, deploymentIds, metadataHas, phoneNumbers } = choices;
	const isOption = "isn't one of its options";
	const wrong: Array<[field: string, name: string | undefined, is: string]> = [
		['Trigger On', events.length === 0 ? '' : events.find((name) => eventName(name) === undefined), isOption],
		[
			'Call Direction',
			callDirection.find((name) => !DIRECTIONS.some(({ value }) => value === name)),
			isOption,
		],
		['Deployment Names or IDs', deploymentIds.find((id) => id === ''), isOption],
		['Phone Numbers', phoneNumbers.find((number) => !isPhoneNumber(number)), "isn't a phone number"],
	];
	for (const [field, name, is] of wrong) {
		if (name === undefined) continue;
		const isEmpty = 'is empty. Select at least one option, or correct its expression';
		throw new UserError(`'${field}' ${name === '' ? isEmpty : `contains '${name}', which ${is}`}`);
	}
	if (metadataHas.some(({ name, value }) => name === '' || value === ''))
		throw new UserError(
			"'Metadata Has' needs a name and a value. Fill in both, or correct their expressions",
		);
}
