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

/** What is said where people are asked for something else than a table. */
export const ANSWER = {
	lines: [
		{ speaker: 'Caller', text: 'Yes, that suits me.' },
		{ speaker: 'Agent', text: 'Thank you. Goodbye!' },
	],
	summary: 'The caller answered what they were asked.',
};

/**
 * The talk of an agent that follows what it was given: it says its First Message, and is asked for its Instructions, so that whoever
 * reads the transcript finds both. Who isn't asked for a table doesn't book one.
 *
 * @returns undefined without a task
 */
export function talkOf(task: unknown): { lines: TranscriptLine[]; summary: string } | undefined {
	if (typeof task !== 'object' || task === null) return undefined;
	const [greeting, ...booking] = SAMPLE_LINES as [TranscriptLine, ...TranscriptLine[]];
	const { instructions, firstMessage = greeting.text } = task as Record<string, string>;
	const about = [
		{ speaker: 'Caller', text: 'What is this about?' },
		{ speaker: 'Agent', text: `This is what I was asked to do: ${instructions}` },
	];
	const isBooking = /\ba table\b/i.test(`${firstMessage} ${instructions ?? ''}`);
	const talk = isBooking ? { lines: booking, summary: SAMPLE_SUMMARY } : ANSWER;
	const opening = [{ speaker: 'Agent', text: firstMessage }, ...(instructions ? about : [])];
	return { lines: [...opening, ...talk.lines], summary: talk.summary };
}
