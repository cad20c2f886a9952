/** IDs in events carry this prefix, those of the REST API do not (docs.videosdk.live, agent webhooks). */
const PREFIX = /^session-/;
const PREFIXED_UUID = /^session-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @returns the session ID of an event as the REST API spells it; empty for what is no text */
export function bareSessionId(id: unknown): string {
	return typeof id === 'string' ? id.trim().replace(PREFIX, '') : '';
}

/**
 * Lets users enter the ID of an event where the API wants its own: only before a UUID is `session-` surely the prefix, since IDs are
 * opaque otherwise.
 */
export function apiSessionId(id: string): string {
	return PREFIXED_UUID.test(id) ? bareSessionId(id) : id;
}
