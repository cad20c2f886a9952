import { type IDataObject, jsonParse, sleep } from 'n8n-workflow';
import type { RequestContext } from '../api/credential';
import { excerpt } from '../api/failure';
import type { Outcome } from './ends';
import { KEY_HEADER, RESULT_HEADER } from './resumeUrl';
import type { StoredWait } from './storedWait';
import { type ResumeTrouble, warnNotResumed } from './warnings';

const TIMEOUT_MS = 30_000;
const PAUSE_MS = 20_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

type Trouble = ResumeTrouble | 'busy';

/** What keeps a request from resuming the execution, with how often the request is sent in all. */
const MAX_TRIES: Record<Trouble, number> = {
	/** n8n is starting, or a proxy or login is in front of it, which costs n8n nothing: for half a day. */
	notReached: 100,
	/** n8n answers with an error, its database may be away: for a quarter of an hour. */
	failed: 10,
	/** The execution is not stored yet or was just resumed, or another process has to ask the API first. */
	busy: 4,
};

/** How n8n says that the execution does not wait here any more, or is running (WaitingWebhooks). */
const IS_OVER = /has finished|does not exist|does not contain a waiting webhook/;
const IS_RUNNING = /is running already/;

/** Our own request to the resume URL. */
export interface ResumeRequest {
	headers: IDataObject;
	body: Buffer | string;
}

/** The outcome of some conversations, as a request carries it. */
export interface CarriedOutcome {
	ids: string[];
	/** As in `Outcome`. */
	extra: IDataObject;
	/** Of the record, what says how the conversation went. */
	record?: IDataObject;
}

/** What our own request carries. */
export interface CarriedOutcomes {
	outcomes: CarriedOutcome[];
	/** Whether the records contain what was to be included. */
	hasParts: boolean;
}

/** Proxies refuse larger requests: nginx does from 1 MB on. */
const MAX_BODY_BYTES = 500_000;
/** What tells how a conversation went, see `describeCall` and `describeSession`. */
const COURSE = ['status', 'timelog', 'start', 'end', 'duration'];
/** What may have been included, see `addParts`. */
const PARTS = ['recordingUrl', 'summary', 'transcript', 'missing'];
/** What is carried of the records: the first of these that fits. */
const CARRIED = [[...COURSE, ...PARTS], COURSE, ['status']];

function carry(outcomes: Map<string, Outcome>, fields: string[]): string {
	const idsByOutcome = new Map<string, string[]>();
	for (const [id, { record, extra }] of outcomes) {
		const carried = record && Object.fromEntries(fields.map((field) => [field, record[field]]));
		const text = JSON.stringify({ extra, record: carried });
		const ids = idsByOutcome.get(text) ?? [];
		ids.push(id);
		idsByOutcome.set(text, ids);
	}
	const body: CarriedOutcomes = {
		outcomes: [...idsByOutcome].map(([text, ids]) => ({ ...(JSON.parse(text) as CarriedOutcome), ids })),
		hasParts: fields === CARRIED[0],
	};
	return JSON.stringify(body);
}

/**
 * Makes our own request. A handler in the same process has the outcomes in memory. For one in another process, as in queue mode, the
 * request carries them: the API may not answer that one, and its credential may differ by item, which n8n can't read there. Whole
 * records may be too large for a request.
 *
 * @returns its body is CarriedOutcomes
 */
export function keyRequest(key: string, outcomes: Map<string, Outcome>): ResumeRequest {
	const bodies = CARRIED.map((fields) => carry(outcomes, fields));
	const body = bodies.find((text) => Buffer.byteLength(text) <= MAX_BODY_BYTES) ?? bodies.at(-1);
	return { headers: { [KEY_HEADER]: key, 'Content-Type': 'application/json' }, body: String(body) };
}

/** Sends the request once. @returns undefined if the execution continues, or does not wait here any more */
async function post(
	context: RequestContext,
	url: string,
	request: ResumeRequest,
): Promise<{ trouble: Trouble; reason: string } | undefined> {
	try {
		const { statusCode, headers, body } = (await context.helpers.httpRequest({
			...request,
			method: 'POST',
			url,
			encoding: 'text',
			timeout: TIMEOUT_MS,
			disableFollowRedirect: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
		})) as { statusCode: number; headers: IDataObject; body: unknown };
		const { code, message } = jsonParse<IDataObject>(String(body), { fallbackValue: {} }) ?? {};
		const reason = excerpt(`status ${statusCode} ${message === undefined ? '' : String(message)}`);
		const result = headers[RESULT_HEADER];
		if (result === undefined) {
			// Errors of n8n itself have a code and a message. Anything else is from a proxy, a login, or an n8n that is starting.
			if (code === undefined || message === undefined) return { trouble: 'notReached', reason };
			if (IS_OVER.test(String(message))) return undefined;
			return { trouble: IS_RUNNING.test(String(message)) ? 'busy' : 'failed', reason };
		}
		// 401: the execution waits for something else by now.
		if (statusCode === 401 || (statusCode === 200 && result === 'resumed')) return undefined;
		return { trouble: statusCode === 200 ? 'busy' : 'failed', reason };
	} catch (error) {
		return { trouble: 'notReached', reason: excerpt((error as Error).message) };
	}
}

/**
 * Asks n8n to resume an execution until it does, see MAX_TRIES. Never throws, since n8n's own deadline remains.
 *
 * @param isOver whether the execution has continued meanwhile
 */
export async function notify(
	context: RequestContext,
	wait: StoredWait,
	request: ResumeRequest,
	isOver: () => boolean,
): Promise<void> {
	const tries: Record<Trouble, number> = { notReached: 0, failed: 0, busy: 0 };
	for (;;) {
		const answer = await post(context, wait.resumeUrl, request);
		if (answer === undefined || isOver()) return;
		const { trouble, reason } = answer;
		const isLast = ++tries[trouble] >= MAX_TRIES[trouble];
		if (trouble !== 'busy' && (tries[trouble] === 1 || isLast))
			warnNotResumed(context, wait, trouble, reason, isLast);
		if (isLast) return;
		await sleep(Math.min(PAUSE_MS * Math.max(1, tries.failed, tries.notReached), LONGEST_PAUSE_MS));
		if (isOver()) return;
	}
}
