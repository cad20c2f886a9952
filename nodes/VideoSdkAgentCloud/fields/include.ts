import { type INodeProperties } from 'n8n-workflow';
import { type Includable } from '../api/conversation';
import { asNumber, type CollectionReader, type ItemReader } from './reader';
import { type RoomChoice } from './roomChoice';

const MS_PER_MINUTE = 60_000;
const DEFAULT_INCLUDE_WAIT_MINUTES = 10;
const LONGEST_INCLUDE_WAIT_MINUTES = 1_440;

const OPTIONS: Array<{ name: string; value: Includable; description: string }> = [
	{ name: 'Recording', value: 'recording', description: "The recording's URL, as <code>recordingUrl</code>" },
	{ name: 'Summary', value: 'summary', description: 'A summary of the transcript' },
	{ name: 'Transcript', value: 'transcript', description: 'What was said' },
];

/** The least that 'Recording' must be set to. */
const RECORDING_FOR: Record<Includable, string> = {
	recording: 'Record',
	summary: 'Record, Transcribe and Summarize',
	transcript: 'Record and Transcribe',
};

/** What remains of a conversation and is put out with its call or session. */
export const includeField: INodeProperties = {
	displayName: 'Include',
	name: 'include',
	type: 'multiOptions',
	options: OPTIONS,
	default: [],
	description:
		"What to add to the output. It has to be turned on before the conversation, in 'Recording' in the node that creates the room.",
};

/**
 * Reads `includeField`.
 *
 * @throws NodeOperationError for a value that is not in the list
 */
export function readInclude(read: ItemReader): Includable[] {
	const names = read.list(includeField);
	const unknown = names.find((name) => OPTIONS.every(({ value }) => value !== name));
	if (unknown === undefined) return OPTIONS.map(({ value }) => value).filter((name) => names.includes(name));
	throw read.fail(
		`'Include' contains '${unknown}', which isn't one of its options`,
		`Use ${OPTIONS.map(({ value }) => `'${value}'`).join(', ')}.`,
	);
}

/** How long an operation that waits also waits for what `includeField` adds. */
export const includeWaitField: INodeProperties = {
	displayName: 'Wait for Transcript',
	name: 'includeWait',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: DEFAULT_INCLUDE_WAIT_MINUTES,
	hint: 'In minutes',
	description:
		"How long to wait for what 'Include' adds, starting when the conversation ends. If something isn't ready by then, the output says what's missing.",
};

/**
 * Reads `includeWaitField`.
 *
 * @returns ms
 * @throws NodeOperationError if it is not a number of minutes above 0, at most a day
 */
export function readIncludeWaitMs(options: CollectionReader): number {
	const minutes = options.has(includeWaitField)
		? asNumber(options.value(includeWaitField))
		: DEFAULT_INCLUDE_WAIT_MINUTES;
	if (minutes > 0 && minutes <= LONGEST_INCLUDE_WAIT_MINUTES) return minutes * MS_PER_MINUTE;
	throw options.fail(
		`'${includeWaitField.displayName}' must be more than 0 minutes and at most a day`,
		`Enter a number of minutes in '${includeWaitField.displayName}'.`,
	);
}

/**
 * Checks that what is to be included can be there after the conversation. What was arranged for an existing room is not known here.
 *
 * @throws NodeOperationError that says what to set
 */
export function checkArranged(read: ItemReader, names: Includable[], room: RoomChoice): void {
	if (room.roomId !== undefined) return;
	const recording = room.body?.autoStartConfig?.recording;
	const isArranged: Record<Includable, boolean> = {
		recording: recording !== undefined,
		transcript: recording?.transcription !== undefined,
		summary: recording?.transcription?.summary !== undefined,
	};
	const option = OPTIONS.find(({ value }) => names.includes(value) && !isArranged[value]);
	if (option === undefined) return;
	throw read.fail(
		`'Include' contains '${option.name}', but 'Room' and 'Recording' aren't set to create it, and it can't be created after the conversation`,
		`Set 'Room' to 'Create a Room' and 'Recording' to '${RECORDING_FOR[option.value]}', or remove '${option.name}' from 'Include'.`,
	);
}
