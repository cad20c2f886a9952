import { type INodeProperties } from 'n8n-workflow';
import { type AutoStartConfig } from '../api/rooms';
import { type ItemReader } from './reader';

const RECORDING_OPTIONS = [
	{ name: 'None', value: 'none' },
	{
		name: 'Record',
		value: 'record',
		description: 'Keeps a recording. Get it later with Recording: Get Many. This costs money.',
	},
	{
		name: 'Record and Transcribe',
		value: 'transcribe',
		description: 'Also creates a transcript. Get it later with Transcription: Get. This costs money.',
	},
	{
		name: 'Record, Transcribe and Summarize',
		value: 'summarize',
		description:
			'Also creates a transcript and a summary. Get both later with Transcription: Get. This costs money.',
	},
];

/** What a summary is to be like. */
export const summaryPromptField: INodeProperties = {
	displayName: 'Summary Prompt',
	name: 'summaryPrompt',
	type: 'string',
	typeOptions: { rows: 3 },
	default: '',
	placeholder: 'e.g. Write two sentences and list what was agreed',
};

const recordingField: INodeProperties = {
	displayName: 'Recording',
	name: 'recording',
	type: 'options',
	options: RECORDING_OPTIONS,
	default: 'none',
	description: "What to keep from the conversation. You can't turn this on afterwards.",
};

/** What is kept of the conversation in a new room. */
export const RECORDING_FIELDS: INodeProperties[] = [
	recordingField,
	{
		...summaryPromptField,
		description: 'Instructions for the summary. Leave empty to let VideoSDK decide.',
		displayOptions: { show: { recording: ['summarize'] } },
	},
];

/**
 * Reads RECORDING_FIELDS.
 *
 * @returns the API's `autoStartConfig`; undefined if nothing is to be kept
 * @throws NodeOperationError for a value that is not in the list
 */
export function readRecording(read: ItemReader): AutoStartConfig | undefined {
	// What wasn't recorded is lost.
	if (read.isBlankExpression(recordingField)) read.required(recordingField);
	switch (read.choice<'none' | 'record' | 'transcribe' | 'summarize'>(recordingField)) {
		case 'none':
			return undefined;
		case 'record':
			return { recording: {} };
		case 'transcribe':
			return { recording: { transcription: { enabled: true } } };
		case 'summarize': {
			const prompt = read.optional(summaryPromptField);
			return {
				recording: {
					transcription: { enabled: true, summary: { enabled: true, ...(prompt && { prompt }) } },
				},
			};
		}
	}
}
