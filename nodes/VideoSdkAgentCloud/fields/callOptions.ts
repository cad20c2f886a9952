import { type INodeProperties } from 'n8n-workflow';
import { type CallBody } from '../api/calls';
import { batchingField } from './batching';
import { callingHoursField } from './callingHours';
import { summaryWebhookUrlField } from './callSummary';
import { type CollectionReader } from './reader';
import { roomIdOption } from './room';
import { simplifyField } from './simplify';

/** Longer than any phone rings, so that milliseconds do not pass as seconds. */
const LONGEST_RINGING_S = 3_600;

const allowSameNumberField: INodeProperties = {
	displayName: 'Allow Same Number',
	name: 'allowSameNumber',
	type: 'boolean',
	default: false,
	description:
		'Whether two items may call the same number. If turned off, the node stops before the first call.',
};

const participantNameField: INodeProperties = {
	displayName: 'Participant Name',
	name: 'participantName',
	type: 'string',
	default: '',
	placeholder: 'e.g. Ada Lovelace',
	description: "The name to show in the room for the person you're calling",
};

const recordAudioField: INodeProperties = {
	displayName: 'Record Audio',
	name: 'recordAudio',
	type: 'boolean',
	default: false,
	description: 'Whether to record the call',
	displayOptions: { show: { '/callVia': ['gateway'] } },
};

const ringingTimeoutField: INodeProperties = {
	displayName: 'Ringing Timeout',
	name: 'ringingTimeout',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: LONGEST_RINGING_S, numberPrecision: 0 },
	default: 30,
	hint: 'In seconds',
	description: 'How long to let the phone ring before the call counts as missed',
};

const waitUntilAnsweredField: INodeProperties = {
	displayName: 'Wait Until Answered',
	name: 'waitUntilAnswered',
	type: 'boolean',
	default: false,
	description:
		"Whether to wait until the call is answered or missed before continuing. Ringing doesn't count toward 'Timeout'.",
};

/** The options of a call. */
export const CALL_OPTIONS = [
	allowSameNumberField,
	batchingField,
	callingHoursField,
	participantNameField,
	recordAudioField,
	ringingTimeoutField,
	roomIdOption,
	simplifyField,
	summaryWebhookUrlField,
	waitUntilAnsweredField,
];

/**
 * Reads the options of a call, as the API names them.
 *
 * @param isViaGateway with a routing rule, the rule decides whether to record
 * @throws NodeOperationError naming the option
 */
export function readCallOptions(options: CollectionReader, isViaGateway: boolean): Partial<CallBody> {
	const name = options.optional(participantNameField);
	return {
		participant: name === undefined ? undefined : { name },
		recordAudio: isViaGateway ? options.flag(recordAudioField) : undefined,
		waitUntilAnswered: options.flag(waitUntilAnsweredField),
		ringingTimeout: options.count(ringingTimeoutField),
	};
}

/** @returns whether an item may call the number of another item. @throws NodeOperationError if its expression has no value */
export function readAllowsSameNumber(options: CollectionReader): boolean {
	options.refuseBlankExpression(allowSameNumberField);
	return options.flag(allowSameNumberField) ?? false;
}
