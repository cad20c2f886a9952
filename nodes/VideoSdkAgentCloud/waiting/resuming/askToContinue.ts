import { type IDataObject, jsonParse, sleep } from 'n8n-workflow';
import { abortAfter } from '../../api/http/client';
import type { RequestContext } from '../../api/http/credential';
import { excerpt } from '../../api/http/failure';
import type { Known } from '../../conversation/known';
import { Limiter } from '../polling/limiter';
import { KEY_HEADER, RESULT_HEADER } from './resumeUrl';
import type { StoredWait } from '../storedWait';
import { warnNotResumed } from './warnings';

/** n8n works on all that it gets at once, so with more it would answer each of them late, and everyone else. */
const requests = new Limiter({ inFlight: 8 });
const TIMEOUT_MS = 30_000;
const BUSY_PAUSE_MS = 5_000;
const PAUSE_MS = 20_000;
const LONGEST_PAUSE_MS = 10 * 60_000;
/** So long before the end, in ms. */
const LAST_TRY_MS = 1_000;
/** A proxy may refuse more. */
const MAX_BODY_BYTES = 1_000_000;

/**
 * What keeps a request from letting the execution continue.
 * - `failed`: no answer of this package, because n8n is starting, or has a proxy or a login in front of it, or fails
 * - `busy`: the execution is not stored yet, or the process that received the request does not know everything yet
 */
type Trouble = 'failed' | 'busy';

/** How n8n says that the execution does not wait here any more, or is running (WaitingWebhooks). */
const IS_OVER = /has finished|does not exist|does not contain a waiting webhook/;
/** Where n8n leads from an execution that waits at a form by now. */
const IS_AT_FORM = /\/form-waiting\//;
const IS_RUNNING = /is running already/;

/** What our own request carries. */
export interface CarriedKnown {
	known: Known[];
	/** The item that a response has made. */
	response?: IDataObject;
	/** Nothing was left out: there is nothing that the receiver has to find out itself. */
	isWhole?: true;
}

/** @returns what is known; if that is too much, without what was said, which the receiver gets from VideoSDK itself */
function bodyOf(carried: CarriedKnown): string {
	const whole = JSON.stringify({ ...carried, isWhole: true } satisfies CarriedKnown);
	if (Buffer.byteLength(whole) <= MAX_BODY_BYTES) return whole;
	const known = carried.known.map((one): Known => ({ ...one, artifacts: {} }));
	return JSON.stringify({ ...carried, known });
}

/** @returns a text as UTF-8, compressed. By the Web's interface, since a node may not load 'zlib' */
async function gzip(text: string): Promise<Buffer> {
	const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
	return Buffer.from(await new Response(compressed).arrayBuffer());
}

/** Spreads what was refused together. @returns a time within a quarter of the one given */
const jittered = (ms: number): number => ms * (0.75 + Math.random() / 2);

/** Sends one request. @returns undefined if the execution continues, or does not wait here any more */
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
			// Errors of n8n itself have a code and a message. Anything else is from a proxy, a login, or an n8n that is starting.
			const problem = code === undefined ? '' : String(message);
			if (IS_OVER.test(problem) || IS_AT_FORM.test(String(headers.location))) return undefined;
			return { trouble: IS_RUNNING.test(problem) ? 'busy' : 'failed', reason };
		}
		// 401: the execution waits for something else by now.
		if (statusCode === 401 || (statusCode === 200 && result === 'continued')) return undefined;
		return { trouble: statusCode === 200 ? 'busy' : 'failed', reason };
	} catch (error) {
		return { trouble: 'failed', reason: excerpt((error as Error).message) };
	} finally {
		done.abort();
	}
}

/**
 * Asks n8n to continue a waiting execution, until it does. Never throws, since n8n's own deadline remains.
 *
 * Whatever process receives the request learns what is known from it, even if the API fails there.
 *
 * @param isOver whether the execution has continued meanwhile
 * @param untilMs after this time, in ms since 1970, nothing is sent
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
		// However long the pause, there is a last try.
		const leftMs = untilMs - LAST_TRY_MS - Date.now();
		if (leftMs <= 0) return;
		await sleep(Math.min(jittered(Math.min(PAUSE_MS * tries, LONGEST_PAUSE_MS)), leftMs));
	}
}
