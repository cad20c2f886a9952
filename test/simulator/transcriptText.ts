/** What someone said. */
export type TranscriptLine = { speaker: string; text: string };

/** A short talk, with letters beyond ASCII. */
export const SAMPLE_LINES: TranscriptLine[] = [
	{ speaker: 'Agent', text: 'Hello, this is the café. How can I help?' },
	{ speaker: 'Caller', text: 'A table for two at eight, please.' },
	{ speaker: 'Agent', text: 'Your table is booked. Goodbye!' },
];

export const SAMPLE_SUMMARY = 'The caller booked a table for two at eight.';

/** What is said where no agent comes. */
export const SILENCE = {
	lines: [{ speaker: 'Caller', text: 'Hello?' }],
	summary: 'Nobody answered the caller.',
};

/**
 * The talk of an agent that follows what it was given: it says its First Message, and is asked for its Instructions, so that whoever
 * reads the transcript finds both.
 *
 * @returns undefined without a task
 */
export function talkOf(task: unknown): { lines: TranscriptLine[]; summary: string } | undefined {
	if (typeof task !== 'object' || task === null) return undefined;
	const [greeting, ...others] = SAMPLE_LINES as [TranscriptLine, ...TranscriptLine[]];
	const { instructions, firstMessage = greeting.text } = task as Record<string, string>;
	const about = [
		{ speaker: 'Caller', text: 'What is this about?' },
		{ speaker: 'Agent', text: `This is what I was asked to do: ${instructions}` },
	];
	const lines = [{ speaker: 'Agent', text: firstMessage }, ...(instructions ? about : []), ...others];
	return { lines, summary: SAMPLE_SUMMARY };
}
