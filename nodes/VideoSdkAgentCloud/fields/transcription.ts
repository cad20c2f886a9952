import { type INodeProperties } from 'n8n-workflow';
import { choiceField, switchField, textField } from './field';
import { maxWaitField, maxWaitUnitField } from './maxWait';
import { roomIdField } from './roomId';

/** Shown if the operation waits, which a tool of an AI agent does not. */
const WHEN_WAITING = { show: { waitUntilReady: [true] }, hide: { '@tool': [true] } };

export const getByField = choiceField('default', 'Get By', 'getBy', {
	// With an expression n8n would ask for both IDs.
	noDataExpression: true,
	options: [
		{ name: 'Room', value: 'room', description: 'The latest transcription of a room' },
		{ name: 'Transcription ID', value: 'id' },
	],
	default: 'room',
});

export const transcriptionIdField = textField('required', 'Transcription ID', 'transcriptionId', {
	placeholder: 'e.g. 65f1c2d3e4b5a69788a9b0c1',
	description: 'The ID of the transcription, from Transcription: Get Many or a transcription event',
	displayOptions: { show: { getBy: ['id'] } },
});

export const includeTextField = switchField('default', 'Include Text', 'includeText', {
	default: true,
	description:
		'Whether to include what was said as <code>text</code> and the summary as <code>summary</code>',
});

export const waitUntilReadyField = switchField('default', 'Wait Until Ready', 'waitUntilReady', {
	default: true,
	description:
		'Whether to wait until VideoSDK has transcribed the conversation. The execution keeps running.',
	displayOptions: { hide: { '@tool': [true] } },
});

const MAX_WAIT_DESCRIPTION =
	"How long to wait for the transcription. If there's none by then, the node fails.";

/** Which transcription to get, and what of it. */
export const GET_FIELDS: INodeProperties[] = [
	getByField,
	{ ...roomIdField, displayOptions: { show: { getBy: ['room'] } } },
	transcriptionIdField,
	includeTextField,
	waitUntilReadyField,
	{ ...maxWaitField, description: MAX_WAIT_DESCRIPTION, displayOptions: WHEN_WAITING },
	{ ...maxWaitUnitField, displayOptions: WHEN_WAITING },
];
