import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { CallBody } from '../api/calls';
import { asFlag, asText, readCollection, readCount } from './read';

/** Longer than any phone rings, so that milliseconds do not pass as seconds. */
const LONGEST_RINGING_S = 3_600;
const LONGEST_CALL_S = 86_400;

/** The options of a call. */
export const CALL_OPTIONS: INodeProperties[] = [
	{
		displayName: 'Max Call Duration',
		name: 'maxCallDuration',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: LONGEST_CALL_S, numberPrecision: 0 },
		default: 600,
		hint: 'In seconds',
		description: 'Time in seconds after which VideoSDK hangs up. Limits what a call can cost.',
	},
	{
		displayName: 'Participant Name',
		name: 'participantName',
		type: 'string',
		default: '',
		placeholder: 'e.g. Ada Lovelace',
		description: 'The name of the person called, as shown in the room',
	},
	{
		displayName: 'Record Audio',
		name: 'recordAudio',
		type: 'boolean',
		default: false,
		description: 'Whether to record the call. With a routing rule, the rule decides.',
		displayOptions: { show: { '/callVia': ['gateway'] } },
	},
	{
		displayName: 'Ringing Timeout',
		name: 'ringingTimeout',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: LONGEST_RINGING_S, numberPrecision: 0 },
		default: 30,
		hint: 'In seconds',
		description: 'Time in seconds for the phone to ring before the call counts as missed',
	},
	{
		displayName: 'Room ID',
		name: 'roomId',
		type: 'string',
		default: '',
		placeholder: 'e.g. abcd-efgh-ijkl',
		description: 'The room for the person called to join. Leave empty to let VideoSDK choose.',
	},
	{
		displayName: 'Wait Until Answered',
		name: 'waitUntilAnswered',
		type: 'boolean',
		default: false,
		description:
			'Whether to continue only when the call was answered, or nobody picked up. The time that the phone rings does not count towards the Timeout.',
	},
];

/**
 * Reads the options of a call, as the API names them.
 *
 * @throws NodeOperationError naming the option
 */
export function readCallOptions(context: IExecuteFunctions, itemIndex: number): Partial<CallBody> {
	const options = readCollection(context, 'options', itemIndex);
	// A limit whose expression has no value is refused: the call would have none.
	const seconds = (name: string, displayName: string, maximum: number) =>
		name in options ? readCount(context, options[name], displayName, itemIndex, maximum) : undefined;
	const text = (name: string, displayName: string) => asText(context, options[name], displayName, itemIndex);
	const flag = (name: string, displayName: string) => asFlag(context, options[name], displayName, itemIndex);
	const name = text('participantName', 'Participant Name');
	return {
		destinationRoomId: text('roomId', 'Room ID'),
		participant: name === undefined ? undefined : { name },
		recordAudio: flag('recordAudio', 'Record Audio'),
		waitUntilAnswered: flag('waitUntilAnswered', 'Wait Until Answered'),
		ringingTimeout: seconds('ringingTimeout', 'Ringing Timeout', LONGEST_RINGING_S),
		maxCallDuration: seconds('maxCallDuration', 'Max Call Duration', LONGEST_CALL_S),
	};
}
