/** What someone said. */
export interface TranscriptLine {
	speaker: string;
	text: string;
	startMs: number;
	endMs: number;
}

/** A short talk, with letters beyond ASCII. */
export const SAMPLE_LINES: TranscriptLine[] = [
	{ speaker: 'Agent', text: 'Hello, this is the café. How can I help?', startMs: 0, endMs: 2_100 },
	{ speaker: 'Caller', text: 'A table for two at eight, please.', startMs: 2_400, endMs: 4_600 },
	{ speaker: 'Agent', text: 'Your table is booked. Goodbye!', startMs: 4_900, endMs: 6_800 },
];

export const SAMPLE_SUMMARY = 'The caller booked a table for two at eight.';

/** Puts what else was said before the last line, a second each. */
export function withSaid(
	lines: TranscriptLine[],
	said: Array<Pick<TranscriptLine, 'speaker' | 'text'>>,
): TranscriptLine[] {
	const last = lines.at(-1);
	if (!last) return lines;
	const later = { startMs: last.startMs + 1_000 * said.length, endMs: last.endMs + 1_000 * said.length };
	const between = said.map((line, index) => {
		const startMs = last.startMs + 1_000 * index;
		return { ...line, startMs, endMs: startMs + 900 };
	});
	return [...lines.slice(0, -1), ...between, { ...last, ...later }];
}

/** The files of a transcript, one per format. */
export function filesOf(
	lines: TranscriptLine[],
): Array<{ format: string; content: string; contentType: string }> {
	const plain = lines.map(({ speaker, text }) => `${speaker}: ${text}`).join('\n');
	const srt = lines.map(
		({ speaker, text, startMs, endMs }, index) =>
			`${index + 1}\n${clock(startMs)} --> ${clock(endMs)}\n${speaker}: ${text}\n`,
	);
	return [
		{ format: 'json', content: JSON.stringify(lines), contentType: 'application/json' },
		{ format: 'srt', content: srt.join('\n'), contentType: 'application/x-subrip' },
		{ format: 'txt', content: plain, contentType: 'text/plain' },
	];
}

function clock(ms: number): string {
	return new Date(ms).toISOString().slice(11, 23).replace('.', ',');
}
