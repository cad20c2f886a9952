import type { INodeProperties } from 'n8n-workflow';
import type { Includable } from '../api/conversation';
import type { ItemReader } from './reader';

const OPTIONS: Array<{ name: string; value: Includable; description: string }> = [
	{ name: 'Recording', value: 'recording', description: 'The URL of the recording, as recordingUrl' },
	{ name: 'Summary', value: 'summary', description: 'The summary of the conversation' },
	{ name: 'Transcript', value: 'transcript', description: 'What was said' },
];

/** What remains of a conversation and is put out with its call or session. */
export const includeField: INodeProperties = {
	displayName: 'Include',
	name: 'include',
	type: 'multiOptions',
	options: OPTIONS,
	default: [],
	description:
		"What to add to the output. It must be arranged before the conversation, with 'Recording' where its room is created.",
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
		`'Include' has '${unknown}', which is not one of its options`,
		`Use ${OPTIONS.map(({ value }) => `'${value}'`).join(', ')}.`,
	);
}
