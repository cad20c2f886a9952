/** The prefix of session IDs in events, which those of the REST API don't have (docs.videosdk.live, agent webhooks). */
const PREFIX = /^session-/;
const PREFIXED_UUID = /^session-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @returns the session ID of an event as the REST API spells it; empty for a value that isn't text */
export function bareSessionId(id: unknown): string {
	return typeof id === 'string' ? id.trim().replace(PREFIX, '') : '';
}

/**
 * Removes the prefix from an ID that a user has copied from an event. Only before a UUID is `session-` certainly the prefix, because the
 * API doesn't document the form of IDs.
 */
export function apiSessionId(id: string): string {
	return PREFIXED_UUID.test(id) ? bareSessionId(id) : id;
}
