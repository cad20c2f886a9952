import type { ListRequest } from './pagination';

const ROOT = ['v2', 'recordings'];

/** The lists of recordings, by what was recorded. Their filters: `roomId`, `sessionId` (of the room's session). */
export const RECORDINGS = {
	/** Everyone together, if the room was set up to be recorded. */
	room: { path: ROOT },
	/** One file per participant. */
	participant: { path: [...ROOT, 'participant'] },
	/** One file per camera or microphone. */
	track: { path: [...ROOT, 'participant', 'track'] },
	/** What agent and caller said, on two channels. */
	merged: { path: [...ROOT, 'participant', 'merge'], keys: ['recordings', 'data'] },
} satisfies Record<string, ListRequest>;
