/** What someone said. */
export type TranscriptLine = { speaker: string; text: string };

/** A short talk, with letters beyond ASCII. */
export const SAMPLE_LINES: TranscriptLine[] = [
	{ speaker: 'Agent', text: 'Hello, this is the café. How can I help?' },
	{ speaker: 'Caller', text: 'A table for two at eight, please.' },
	{ speaker: 'Agent', text: 'Your table is booked. Goodbye!' },
];

export const SAMPLE_SUMMARY = 'The caller booked a table for two at eight.';
