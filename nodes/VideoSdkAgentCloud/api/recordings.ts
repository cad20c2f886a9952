import type { ListRequest } from './pagination';
import { pathOf } from './path';

const ROOT = ['v2', 'recordings'];

/** The lists of recordings, by what was recorded. Their filters: `roomId`, `sessionId` (of the room's session). */
export const RECORDINGS = {
	/** Everyone together, if the room was set up to be recorded. */
	room: { path: pathOf(...ROOT) },
	/** One file per participant. */
	participant: { path: pathOf(...ROOT, 'participant') },
	/** One file per camera or microphone. */
	track: { path: pathOf(...ROOT, 'participant', 'track') },
	/** What agent and caller said, on two channels. */
	merged: { path: pathOf(...ROOT, 'participant', 'merge'), keys: ['recordings', 'data'] },
} satisfies Record<string, ListRequest>;
