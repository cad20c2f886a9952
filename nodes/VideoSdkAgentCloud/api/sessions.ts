import type { IDataObject } from 'n8n-workflow';
import { beginningWith, msOf, pick, recordWith, startMsOf, unlessDeclined } from './http/responseReaders';
import type { Send } from './http/client';
import { endOnce } from './endOnce';
import { listPages, type ListRequest } from './http/pagination';
import { apiSessionId } from './sessionId';

/** The statuses of a session (docs.videosdk.live, agent cloud). */
export const SESSION_STATUSES = ['completed', 'failed', 'queued', 'running', 'stopped', 'stopping'] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];
/** How a session went, for a Switch node. `running`: it has not ended, as far as is known. */
type SessionOutcome = 'completed' | 'failed' | 'running';

/** How a session went, by the status in which it has ended. A status that is not listed is not an end. */
const OUTCOME_BY_STATUS: ReadonlyMap<string, SessionOutcome> = new Map<SessionStatus, SessionOutcome>([
	['completed', 'completed'],
	['failed', 'failed'],
	['stopped', 'completed'],
]);

/** The statuses in which a session has ended. */
export const TERMINAL_STATUSES = [...OUTCOME_BY_STATUS.keys()];

/** What the events of a session are sent to. */
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

/** What people look for, in the order of the output. */
const FIRST_FIELDS = [
	'sessionId',
	'outcome',
	'durationSeconds',
	'summary',
	'recordingUrl',
	'transcript',
	'missing',
];

/** @returns how long an ended session was, in seconds; null if the API does not tell */
function secondsOf({ duration, start, end }: IDataObject): number | null {
	if (typeof duration === 'number' && duration >= 0) return duration;
	const seconds = Math.round((msOf(end) - msOf(start)) / 1000);
	return seconds >= 0 ? seconds : null;
}

/**
 * Turns a session, as the API returned it, into the output: first what people look for, then the rest of the record. Described
 * again, a session stays as it is, so that something can be added to it.
 */
export function describeSession(session: IDataObject): IDataObject {
	const status = String(session.status ?? '').toLowerCase();
	const outcome = OUTCOME_BY_STATUS.get(status) ?? 'running';
	const durationSeconds = outcome === 'running' ? null : secondsOf(session);
	return beginningWith(FIRST_FIELDS, { ...session, outcome, durationSeconds });
}

/** Without the webhook: that of a session in Start and Wait is a resume URL, whose token must stay secret. */
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

/** @param session as `describeSession` makes it @returns the simplified session: the fields above that it has */
export function simplifySession(session: IDataObject): IDataObject {
	return pick(session, SIMPLIFIED_FIELDS);
}

const readSession = recordWith(['sessionId'], describeSession);

const bareId = (id: unknown) => apiSessionId(String(id)).toLowerCase();

/** @returns reads the record of one session. Another session's says nothing of it */
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

/** Asks to end a session, by one request. @returns the session. @throws ApiError also if it has ended already */
export async function requestSessionEnd(send: Send, sessionId: string): Promise<IDataObject> {
	const body = { sessionId: apiSessionId(sessionId) };
	return await send({ method: 'POST', path: [...ROOT, 'end'], body }, unlessDeclined(readOwn(sessionId)));
}

/**
 * Ends a running session. That does no harm twice: see `endOnce`.
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

/** Of the list of sessions, so many pages are read to find one. */
const MAX_PAGES = 10;

/**
 * Lists the sessions that were started last, as many as fit on ten pages: the API has no filters, and names no order.
 *
 * @param isEnough whether no more pages are needed, by those read so far. Default: all are
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
 * Adds the `metadata` that a session was started with: VideoSDK documents it for the rows of the list alone.
 *
 * @param session its record
 * @returns the record as it is if it has its metadata already, or the list doesn't show the session
 * @throws NodeApiError if the list cannot be fetched
 */
export async function withMetadata(send: Send, session: IDataObject): Promise<IDataObject> {
	if (session.metadata !== undefined) return session;
	const isIt = ({ sessionId }: IDataObject) => bareId(sessionId) === bareId(session.sessionId);
	const row = (await listLatestSessions(send, (rows) => rows.some(isIt))).find(isIt);
	return row ? { ...session, metadata: row.metadata } : session;
}

/** @returns whether a record's status is one of those given, without regard to case */
export function hasStatus(record: { status?: unknown }, statuses: readonly string[]): boolean {
	const status = String(record.status ?? '').toLowerCase();
	return statuses.some((candidate) => candidate.toLowerCase() === status);
}
