/** The statuses of a session, as multiOptions. */
export const STATUS_OPTIONS = [
	{ name: 'Completed', value: 'completed' },
	{ name: 'Failed', value: 'failed' },
	{ name: 'Queued', value: 'queued' },
	{ name: 'Running', value: 'running' },
	{ name: 'Stopped', value: 'stopped' },
	{ name: 'Stopping', value: 'stopping' },
];

/** The statuses after which nothing happens to a session any more. An unknown status is not one of them. */
export const TERMINAL_STATUSES = ['completed', 'failed', 'stopped'];

/** @returns whether a session's status is one of those given, without regard to case */
export function hasStatus(session: { status?: unknown }, statuses: string[]): boolean {
	const status = String(session.status ?? '').toLowerCase();
	return statuses.some((candidate) => candidate.toLowerCase() === status);
}
