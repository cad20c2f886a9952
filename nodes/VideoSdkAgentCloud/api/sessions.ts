import type { IDataObject } from 'n8n-workflow';
import { beginningWith, msOf, pick, recordWith, startMsOf, unlessDeclined } from './http/responseReaders';
import type { Send } from './http/client';
import { endOnce } from './endOnce';
import { listPages, type ListRequest, PAGE_SIZE } from './http/pagination';
import { apiSessionId } from './sessionId';

/** The statuses of a session (docs.videosdk.live, agent cloud). */
export const SESSION_STATUSES = ['completed', 'failed', 'queued', 'running', 'stopped', 'stopping'] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];
/** How a session went, for a Switch node. `running`: it hasn't ended, as far as is known. */
type SessionOutcome = 'completed' | 'failed' | 'running';

/** How a session went, by the status with which it ended. A status that isn't listed isn't an end. */
const OUTCOME_BY_STATUS: ReadonlyMap<string, SessionOutcome> = new Map<SessionStatus, SessionOutcome>([
	['completed', 'completed'],
	['failed', 'failed'],
	['stopped', 'completed'],
]);

/** The statuses of sessions that have ended. */
export const TERMINAL_STATUSES = [...OUTCOME_BY_STATUS.keys()];

/** The webhook to which VideoSDK sends the events of a session or room. */
export interface SessionWebhook extends IDataObject {
	endPoint: string;
	/** Exact names, such as `ai-deployment-session-started`. */
	events: string[];
}

/** The body of a start. Undefined fields are not sent. */
export interface StartBody {
	deploymentId: string;
	tag?: string;
	/** Values are strings. */
	env?: IDataObject;
	metaData?: IDataObject;
	webhook?: SessionWebhook;
}

const ROOT = ['ai', 'v1', 'ai-deployment-sessions'];

/** All deployments that sessions are started from, with a row for each tag of a deployment. */
export const DEPLOYMENTS: ListRequest = { path: ['ai', 'v1', 'ai-deployments'], idFields: ['id', 'tag'] };

/** The fields that most users need, with which the output begins. */
const FIRST_FIELDS = [
	'sessionId',
	'outcome',
	'durationSeconds',
	'summary',
	'recordingUrl',
	'transcript',
	'missing',
];

/** @returns the length of a session that has ended, in seconds; null if the record doesn't tell */
function secondsOf({ duration, start, end }: IDataObject): number | null {
	if (typeof duration === 'number' && duration >= 0) return duration;
	const seconds = Math.round((msOf(end) - msOf(start)) / 1000);
	return seconds >= 0 ? seconds : null;
}

/**
 * Adds to a session, as the API returned it, how it went, and puts the fields that most users need first. A session that is described twice
 * stays the same, so that fields can be added in between.
 */
export function describeSession(session: IDataObject): IDataObject {
	const status = String(session.status ?? '').toLowerCase();
	const outcome = OUTCOME_BY_STATUS.get(status) ?? 'running';
	const durationSeconds = outcome === 'running' ? null : secondsOf(session);
	return beginningWith(FIRST_FIELDS, { ...session, outcome, durationSeconds });
}

/** The fields of a simplified session. The webhook isn't one, because it may be a resume URL, whose token must stay secret. */
const SIMPLIFIED_FIELDS = [
	'sessionId',
	'outcome',
	'durationSeconds',
	'status',
	'deploymentId',
	'tag',
	'start',
	'end',
	'duration',
	'createdAt',
	'updatedAt',
	'metadata',
];

/** @param session as `describeSession` makes it. @returns the session with the fields of SIMPLIFIED_FIELDS that it has */
export function simplifySession(session: IDataObject): IDataObject {
	return pick(session, SIMPLIFIED_FIELDS);
}

const readSession = recordWith(['sessionId'], describeSession);

const bareId = (id: unknown) => apiSessionId(String(id)).toLowerCase();

/** @returns a reader for the record of this session, which ignores the record of another session */
const readOwn = (sessionId: string) => (answer: IDataObject) => {
	const session = readSession(answer);
	return session && bareId(session.sessionId) === bareId(sessionId) ? session : undefined;
};

/** Starts a session. The request is sent once: see `retryDelay`. */
export async function startSession(send: Send, body: StartBody): Promise<IDataObject> {
	return await send(
		{ method: 'POST', path: [...ROOT, 'start'], body: { ...body }, starts: 'session' },
		readSession,
	);
}

/** @returns whether a session has ended */
export function isSessionOver(session: { status?: unknown }): boolean {
	return hasStatus(session, TERMINAL_STATUSES);
}

/** Sends one request to end a session. @returns the session. @throws ApiError, also if it has ended already */
export async function requestSessionEnd(send: Send, sessionId: string): Promise<IDataObject> {
	const body = { sessionId: apiSessionId(sessionId) };
	return await send({ method: 'POST', path: [...ROOT, 'end'], body }, unlessDeclined(readOwn(sessionId)));
}

/**
 * Ends a running session. The request is repeated, because it does no harm twice: see `endOnce`.
 *
 * @param sessionId as the API or an event spells it
 * @returns the session, with `alreadyOver: true` if it had ended before
 */
export const endSession = endOnce(requestSessionEnd, getSession, isSessionOver);

/** Fetches a session in its current state. @param sessionId as the API or an event spells it */
export async function getSession(send: Send, sessionId: string): Promise<IDataObject> {
	return await send({ method: 'GET', path: [...ROOT, apiSessionId(sessionId)] }, readOwn(sessionId));
}

/** All sessions of the project. The API has no filters for them. */
export const SESSIONS: ListRequest = {
	path: ROOT,
	toRecord: describeSession,
	idFields: ['sessionId'],
};

/** The number of pages of the list of sessions that are read at most to find one. */
const MAX_PAGES = 10;
/** The number of sessions, those that were started last, among which one is found. */
export const LATEST_SESSIONS = MAX_PAGES * PAGE_SIZE;

/**
 * Lists the sessions that were started last, up to ten pages. It reads the list from either end, because the API has no filters and doesn't
 * document an order (docs/dev/open-points.md, session.listed).
 *
 * @param isEnough whether the rows that were read so far are enough. Default: all ten pages are read
 */
export async function listLatestSessions(
	send: Send,
	isEnough: (rows: IDataObject[]) => boolean = () => false,
): Promise<IDataObject[]> {
	const read = async (firstPage: number) => {
		const rows: IDataObject[] = [];
		let last = 1;
		let pages = 0;
		for await (const page of listPages(send, SESSIONS, firstPage)) {
			rows.push(...page.rows);
			last = page.lastPage;
			const [first] = rows;
			const isOldestFirst = firstPage === 1 && startMsOf(first ?? {}) < startMsOf(rows.at(-1) ?? {});
			if (++pages === MAX_PAGES || isEnough(rows) || (isOldestFirst && last > MAX_PAGES)) break;
		}
		return { rows, last };
	};
	const { rows, last } = await read(1);
	const isOldestFirst = startMsOf(rows[0] ?? {}) < startMsOf(rows.at(-1) ?? {});
	const isAtEnd = isOldestFirst && last > MAX_PAGES && !isEnough(rows);
	return isAtEnd ? (await read(last - MAX_PAGES + 1)).rows : rows;
}

/**
 * Adds the `metadata` of a session, which only the rows of the list have (docs.videosdk.live, agent-cloud/fetch-sessions).
 *
 * @param session the session's record
 * @returns the record; unchanged if it has its metadata already, or the list doesn't have the session
 * @throws NodeApiError if the list cannot be fetched
 */
export async function withMetadata(send: Send, session: IDataObject): Promise<IDataObject> {
	if (session.metadata !== undefined) return session;
	const isIt = ({ sessionId }: IDataObject) => bareId(sessionId) === bareId(session.sessionId);
	const row = (await listLatestSessions(send, (rows) => rows.some(isIt))).find(isIt);
	return row ? { ...session, metadata: row.metadata } : session;
}

/** @returns whether the record has one of these statuses, regardless of case */
export function hasStatus(record: { status?: unknown }, statuses: readonly string[]): boolean {
	const status = String(record.status ?? '').toLowerCase();
	return statuses.some((candidate) => candidate.toLowerCase() === status);
}
