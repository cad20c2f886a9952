import { type INodeProperties } from 'n8n-workflow';
import { type AutoStartConfig } from '../api/rooms';
import { type Includable } from '../conversation/artifact';
import { choiceField, choicesField, numberField, optionsIn, textField } from './kit/field';
import { type CollectionReader, type ItemReader } from './kit/reader';

type Recording = 'none' | 'record' | 'transcribe' | 'summarize';

/** The artifacts of a conversation, by the choice in 'Recording'. */
const ARTIFACTS: Record<Recording, Includable[]> = {
	none: [],
	record: ['recording'],
	transcribe: ['recording', 'transcript'],
	summarize: ['recording', 'transcript', 'summary'],
};

const recordingField = choiceField('refused', 'Recording', 'recording', {
	options: optionsIn({
		none: { name: 'None' },
		record: { name: 'Recording', description: 'Costs money' },
		transcribe: {
			name: 'Recording and Transcript',
			description: 'Also the text of what was said. Costs money.',
		},
		summarize: {
			name: 'Recording, Transcript, and Summary',
			description: 'Also a summary of what was said. Costs money.',
		},
	} satisfies Record<Recording, object>),
	default: 'none',
});

export const summaryPromptField = textField('default', 'Summary Prompt', 'summaryPrompt', {
	typeOptions: { rows: 3 },
	placeholder: 'e.g. Write two sentences and list what was agreed',
});

/**
 * Makes the fields for the artifacts of a conversation.
 *
 * @param description the sentence that says where the user gets them
 */
export function recordingFields(description: string): INodeProperties[] {
	return [
		{ ...recordingField, description: `What to keep from the conversation. ${description}` },
		{
			...summaryPromptField,
			description: 'Instructions for the summary. Leave empty to let VideoSDK decide.',
			displayOptions: { show: { recording: ['summarize'] } },
		},
	];
}

/** Reads which artifacts the user has chosen in the fields of `recordingFields`. */
export function readArtifacts(read: ItemReader): Includable[] {
	return ARTIFACTS[read.choice<Recording>(recordingField)];
}

/**
 * Reads the fields of `recordingFields` for the body of a room.
 *
 * @returns the API's `autoStartConfig`; undefined if nothing is to be recorded
 * @throws NodeOperationError for a value that is not in the list, and for an expression that gives nothing
 */
export function readRecording(read: ItemReader): AutoStartConfig | undefined {
	const artifacts = readArtifacts(read);
	if (!artifacts.includes('recording')) return undefined;
	if (!artifacts.includes('transcript')) return { recording: {} };
	if (!artifacts.includes('summary')) return { recording: { transcription: { enabled: true } } };
	const prompt = read.text(summaryPromptField);
	const summary = { enabled: true as const, ...(prompt && { prompt }) };
	return { recording: { transcription: { enabled: true, summary } } };
}

const MS_PER_MINUTE = 60_000;
const LONGEST_INCLUDE_WAIT_MINUTES = 1_440;

const OPTIONS = {
	recording: { name: 'Recording', description: "The recording's URL, as <code>recordingUrl</code>" },
	summary: { name: 'Summary', description: 'A summary of the transcript' },
	transcript: { name: 'Transcript', description: 'What was said' },
} satisfies Record<Includable, object>;

/** The field for the artifacts that are added to the output of Call: Get. */
export const includeField = choicesField('default', 'Include', 'include', {
	options: optionsIn(OPTIONS),
	description:
		"What to add to the output. Only what was selected in 'Recording' of the call or its room is available.",
});

/** Reads `includeField`. @throws NodeOperationError for a value that is not in the list */
export function readInclude(read: ItemReader): Includable[] {
	const names = read.choices<Includable>(includeField);
	return (Object.keys(OPTIONS) as Includable[]).filter((name) => names.includes(name));
}

/** The option for how long an operation that waits also waits for the artifacts. */
export const includeWaitField = numberField('default', 'Max Wait for Recording', 'includeWait', {
	typeOptions: { minValue: 0, maxValue: LONGEST_INCLUDE_WAIT_MINUTES },
	default: 10,
	hint: 'In minutes',
	description:
		"How long to wait for the recording, transcript, and summary that 'Recording' keeps. What isn't ready by then is listed in <code>missing</code>.",
});

/**
 * Reads `includeWaitField`.
 *
 * @returns the time in ms; 0: the operation doesn't wait for them
 * @throws NodeOperationError if it isn't a number of minutes, at most a day
 */
export function readIncludeWaitMs(options: CollectionReader): number {
	return options.number(includeWaitField) * MS_PER_MINUTE;
}
