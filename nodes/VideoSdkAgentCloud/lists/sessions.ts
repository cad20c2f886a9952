import { hasStatus, SESSIONS, TERMINAL_STATUSES } from '../api/sessions';
import { conversationEntry, lastIf, searchOf } from './searchResults';

/** The sessions by deployment and status, those that have not ended first. */
export const searchSessions = searchOf(
	SESSIONS,
	({ sessionId, deploymentId, status, start, createdAt }) =>
		conversationEntry(sessionId, start ?? createdAt, deploymentId, status),
	lastIf((session) => hasStatus(session, TERMINAL_STATUSES)),
);
