import type { ILoadOptionsFunctions, INodeListSearchItems, INodeListSearchResult } from 'n8n-workflow';
import { hasStatus, SESSIONS, TERMINAL_STATUSES } from '../api/sessions';
import { searchRecords, shortTime } from './searchResults';

/** The sessions, those that have not ended first. The name shows deployment, status and start. */
export async function searchSessions(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const ended = new Set<unknown>();
	const rank = ({ value }: INodeListSearchItems) => Number(ended.has(value));
	return await searchRecords(
		this,
		SESSIONS,
		(session) => {
			const { sessionId, deploymentId, status, start, createdAt } = session;
			if (typeof sessionId !== 'string' || sessionId === '') return undefined;
			if (hasStatus(session, TERMINAL_STATUSES)) ended.add(sessionId);
			const parts = [deploymentId, status, shortTime(start ?? createdAt), sessionId.slice(0, 8)];
			return { name: parts.filter(Boolean).join(' · '), value: sessionId };
		},
		filter,
		paginationToken,
		(a, b) => rank(a) - rank(b),
	);
}
