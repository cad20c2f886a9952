import { type Includable } from '../conversation/part';
import { choicesField, numberField } from './field';
import { type CollectionReader, type ItemReader } from './reader';

const MS_PER_MINUTE = 60_000;
const DEFAULT_INCLUDE_WAIT_MINUTES = 10;
const LONGEST_INCLUDE_WAIT_MINUTES = 1_440;

const OPTIONS: Array<{ name: string; value: Includable; description: string }> = [
	{ name: 'Recording', value: 'recording', description: "The recording's URL, as <code>recordingUrl</code>" },
	{ name: 'Summary', value: 'summary', description: 'A summary of the transcript' },
	{ name: 'Transcript', value: 'transcript', description: 'What was said' },
];

/** What was kept of a call and is added to the output. */
export const includeField = choicesField('default', 'Include', 'include', {
	options: OPTIONS,
	description: "What to add to the output. Only what 'Recording' kept is available.",
});

/** Reads `includeField`. @throws NodeOperationError for a value that is not in the list */
export function readInclude(read: ItemReader): Includable[] {
	const names = read.choices<Includable>(includeField);
	return OPTIONS.map(({ value }) => value).filter((name) => names.includes(name));
}

/** How long an operation that waits also waits for what 'Recording' keeps. */
export const includeWaitField = numberField('default', 'Max Wait for Transcript', 'includeWait', {
	typeOptions: { minValue: 0, maxValue: LONGEST_INCLUDE_WAIT_MINUTES },
	default: DEFAULT_INCLUDE_WAIT_MINUTES,
	hint: 'In minutes',
	description:
		"How long to wait for what 'Recording' keeps. What isn't ready by then is in <code>missing</code>.",
});

/**
 * Reads `includeWaitField`.
 *
 * @returns ms; 0: not at all
 * @throws NodeOperationError if it is not a number of minutes, at most a day
 */
export function readIncludeWaitMs(options: CollectionReader): number {
	return (options.number(includeWaitField) ?? DEFAULT_INCLUDE_WAIT_MINUTES) * MS_PER_MINUTE;
}
