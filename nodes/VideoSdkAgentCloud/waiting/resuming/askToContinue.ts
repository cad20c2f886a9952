import { type IDataObject, jsonParse, sleep } from 'n8n-workflow';
import { abortAfter } from '../../api/http/client';
import type { RequestContext } from '../../api/http/credential';
import { excerpt } from '../../api/http/failure';
import { type Known, unknown } from '../../conversation/known';
import { Limiter } from '../../api/http/limiter';
import { KEY_HEADER, RESULT_HEADER } from './resumeUrl';
import type { StoredWait } from '../storedWait';
import { warnNotResumed } from './warnings';

/** The limiter of requests to n8n, which handles all requests at once, and would respond late to each of them, and to everyone else. */
const requests = new Limiter({ inFlight: 8 });
const TIMEOUT_MS = 30_000;
const BUSY_PAUSE_MS = 5_000;
const PAUSE_MS = 20_000;
const LONGEST_PAUSE_MS = 10 * 60_000;
const LAST_TRY_BEFORE_END_MS = 1_000;
/** A proxy may refuse a longer body, and n8n itself refuses one of 16 MB, however it's compressed (N8N_PAYLOAD_SIZE_MAX). */
const MAX_BODY_BYTES = 1_000_000;

/**
 * Why a request doesn't make the execution continue.
 * - `failed`: this package didn't respond, because n8n is starting, has a proxy or a login in front of it, or fails
 * - `busy`: the execution isn't stored yet, or the process that has received the request doesn't know everything yet
 */
type Trouble = 'failed' | 'busy';

/** The messages by which n8n says that the execution doesn't wait here any more (WaitingWebhooks). */
const IS_OVER = /has finished|does not exist|does not contain a waiting webhook/;
/** n8n redirects here if the execution now waits at a form. */
const IS_AT_FORM = /\/form-waiting\//;
/** The message by which n8n says that the execution is running (WaitingWebhooks). */
const IS_RUNNING = /is running already/;

/** The body of this package's own request. */
export interface CarriedKnown {
	known: Known[];
	/** The output item of a response to a question. */
	response?: IDataObject;
	/** Set if nothing was left out, so that the receiver doesn't have to find out anything itself. */
	isWhole?: true;
}

/**
 * Returns what of a conversation isn't in VideoSDK's records. Without its record, an end that was confirmed is nothing but unknown: the
 * receiver has to look for it, or it would continue with the record from before the end.
 */
const withoutRecord = ({ id, isConfirmedOver, reported, ended, seenOverAtMs, unanswered }: Known): Known =>
	isConfirmedOver
		? { ...unknown(id), unanswered }
		: { ...unknown(id), reported, ended, seenOverAtMs, unanswered };

const withoutArtifacts = (one: Known): Known => ({ ...one, artifacts: {} });

const isShort = (text: string): boolean => Buffer.byteLength(text) <= MAX_BODY_BYTES;

/**
 * @returns the body; if it would be too long, without what was said, and without records only if it still is, because a receiver that can't
 * read the credential can't fetch them, and would wait until n8n's deadline
 */
function bodyOf(carried: CarriedKnown): string {
	const whole = JSON.stringify({ ...carried, isWhole: true } satisfies CarriedKnown);
	if (isShort(whole)) return whole;
	const withRecords = JSON.stringify({ ...carried, known: carried.known.map(withoutArtifacts) });
	if (isShort(withRecords)) return withRecords;
	return JSON.stringify({ ...carried, known: carried.known.map(withoutRecord) });
}

/** @returns the text as UTF-8, compressed. It uses CompressionStream, because n8n's scanner refuses 'zlib' (npm run scan) */
async function gzip(text: string): Promise<Buffer> {
	const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
	return Buffer.from(await new Response(compressed).arrayBuffer());
}

/** @returns a time that differs by up to a quarter, so that requests that were refused together don't come again together */
const jittered = (ms: number): number => ms * (0.75 + Math.random() / 2);

/** Sends one request. @returns undefined if the execution continues, or doesn't wait here any more */
async function post(
	context: RequestContext,
	{ resumeUrl, key }: StoredWait,
	text: string,
): Promise<{ trouble: Trouble; reason: string } | undefined> {
	const done = new AbortController();
	try {
		const { statusCode, headers, body } = (await context.helpers.httpRequest({
			method: 'POST',
			url: resumeUrl,
			headers: { [KEY_HEADER]: key, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
			body: await gzip(text),
			encoding: 'text',
			timeout: TIMEOUT_MS,
			abortSignal: abortAfter(TIMEOUT_MS, done.signal),
			disableFollowRedirect: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
		})) as { statusCode: number; headers: IDataObject; body: unknown };
		const { code, message } = jsonParse<IDataObject>(String(body), { fallbackValue: {} }) ?? {};
		const reason = excerpt(`status ${statusCode} ${message === undefined ? '' : String(message)}`);
		const result = headers[RESULT_HEADER];
		if (result === undefined) {
			// Errors of n8n itself have a code and a message (test/e2e/n8nContract). Any other response is from a proxy, a login, or an n8n that
			// is starting.
			const problem = code === undefined ? '' : String(message);
			if (IS_OVER.test(problem) || IS_AT_FORM.test(String(headers.location))) return undefined;
			return { trouble: IS_RUNNING.test(problem) ? 'busy' : 'failed', reason };
		}
		// A 401 of this package says that the execution now waits for something else.
		if (statusCode === 401 || (statusCode === 200 && result === 'continued')) return undefined;
		return { trouble: statusCode === 200 ? 'busy' : 'failed', reason };
	} catch (error) {
		return { trouble: 'failed', reason: excerpt((error as Error).message) };
	} finally {
		done.abort();
	}
}

/**
 * Asks n8n to continue a waiting execution, until it does. Never throws, because n8n's own deadline remains.
 *
 * The request carries all that is known, so that any process that receives it can continue the execution, even if the API fails there.
 *
 * @param carried returns what the request carries
 * @param isOver returns whether the execution has continued meanwhile
 * @param untilMs the time after which nothing is sent, in ms since 1970
 */
export async function askToContinue(
	context: RequestContext,
	stored: StoredWait,
	carried: () => CarriedKnown,
	isOver: () => boolean,
	untilMs: number,
): Promise<void> {
	let tries = 0;
	while (!isOver() && Date.now() <= untilMs) {
		const answer = await requests.run(stored, async () => {
			if (isOver() || Date.now() > untilMs) return undefined;
			return await post(context, stored, bodyOf(carried()));
		});
		if (answer === undefined) return;
		const { trouble, reason } = answer;
		if (trouble === 'busy') {
			await sleep(jittered(BUSY_PAUSE_MS));
			continue;
		}
		if (tries++ === 0) warnNotResumed(context, stored, reason);
		// The pause is cut short, so that there is a last try before the end.
		const leftMs = untilMs - LAST_TRY_BEFORE_END_MS - Date.now();
		if (leftMs <= 0) return;
		await sleep(Math.min(jittered(Math.min(PAUSE_MS * tries, LONGEST_PAUSE_MS)), leftMs));
	}
}
