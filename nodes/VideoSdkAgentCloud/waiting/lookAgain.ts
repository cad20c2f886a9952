import { createHmac, timingSafeEqual } from 'crypto';
import type { IDataObject, IHttpRequestOptions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

/**
 * A run that waits for the end of a session is resumed by the session's event. An event can be missed: n8n refuses one that comes
 * before it has stored the waiting run (some milliseconds), and VideoSDK may not get through. At the deadline n8n goes on without
 * running any of our code, so it cannot be found out then how the session stands. So the process that started the session asks
 * the waiting run now and then, and at the deadline, to look at the API: it posts to the run's resume URL, as VideoSDK does, with
 * a signature of its own.
 *
 * This costs no worker, only some memory, and ends with the process: after a restart the events and n8n's own deadline remain.
 */

/** Carries the signature of a request to look again. */
export const LOOK_SIGNATURE_HEADER = 'x-agent-cloud-look-signature';
/**
 * n8n's own deadline comes this long after ours, so that the last look comes first. n8n sets a timer for each run whose deadline is
 * less than 70 s away, and does not take it back when the run goes on: it would then end the run's next wait. So ours must be over
 * before.
 */
export const LAST_LOOK_GRACE_MS = 90_000;

const FIRST_INTERVAL_MS = 2_000;
const LONGEST_INTERVAL_MS = 5 * 60_000;
const INTERVAL_GROWTH = 3;
const REQUEST_TIMEOUT_MS = 30_000;
/**
 * Answers one after another that do not come from the waiting run. The run is over then: but not after one of them, which may also
 * come before the run is stored, from an n8n that is starting, or from a proxy before it.
 */
const MAX_FOREIGN_ANSWERS = 3;
/** Looks without an answer, before it is given up: about a day. */
const MAX_VAIN_LOOKS = 300;

/** What the waiting run answers as long as it goes on waiting. */
export const STILL_WAITING = { waiting: true };

/** The body of a request to look again. */
export interface LookRequest {
	sessionId: string;
	/** Whether the time is up: the run is then resumed in any case. */
	isTimeUp: boolean;
}

type HttpRequest = (options: IHttpRequestOptions) => Promise<unknown>;

/** What is needed to look again. It holds nothing of the run's data, since it is kept in memory for hours. */
export interface Look {
	resumeUrl: string;
	sessionId: string;
	/** Of the credential: it signs the requests to look again. */
	secretKey: string;
	/** Infinity: the run waits without limit. */
	deadlineMs: number;
}

/** Signs a request to look again, by the credential's secret. */
export function signLook({ sessionId, isTimeUp }: LookRequest, secretKey: string): string {
	return createHmac('sha256', secretKey)
		.update(JSON.stringify(['look again', sessionId, isTimeUp]))
		.digest('hex');
}

/** @returns whether a request to look again comes from this package */
export function isGenuineLook(request: LookRequest, signature: unknown, secretKey: string): boolean {
	const wanted = Buffer.from(signLook(request, secretKey));
	const given = Buffer.from(typeof signature === 'string' ? signature : '');
	return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** The time to the next look, in ms: soon at first, then less and less often, and at the deadline. */
export function nextLookMs(looks: number, nowMs: number, deadlineMs: number): number {
	return Math.max(
		0,
		Math.min(FIRST_INTERVAL_MS * INTERVAL_GROWTH ** looks, LONGEST_INTERVAL_MS, deadlineMs - nowMs),
	);
}

/** n8n's helper of the latest run: each one holds the data of its run, so only one is kept. */
let latestHttpRequest: HttpRequest;

/**
 * Posts to the resume URL again and again until the run is resumed, at the deadline at the latest. Never throws: it helps the
 * events and n8n's own deadline, and nothing depends on it.
 *
 * @param httpRequest n8n's helper
 */
export function keepLooking(httpRequest: HttpRequest, look: Look): void {
	latestHttpRequest = httpRequest;
	void lookUntilOver(look);
}

/** What a look came to: the run answered that it waits, somebody gave another answer, or there was none. */
type LookResult = 'waiting' | 'foreign' | 'none';

async function lookOnce({ resumeUrl, secretKey }: Look, request: LookRequest): Promise<LookResult> {
	try {
		const { statusCode, body } = (await latestHttpRequest({
			method: 'POST',
			url: resumeUrl,
			body: { ...request },
			headers: { [LOOK_SIGNATURE_HEADER]: signLook(request, secretKey) },
			json: true,
			timeout: REQUEST_TIMEOUT_MS,
			disableFollowRedirect: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
		})) as { statusCode: number; body: unknown };
		if (statusCode >= 500) return 'none';
		return (body as IDataObject | undefined)?.waiting === true ? 'waiting' : 'foreign';
	} catch {
		// n8n cannot be reached under its own address just now, or never: the events may get through all the same.
		return 'none';
	}
}

async function lookUntilOver(look: Look): Promise<void> {
	/** How many looks came to the same, one after another. */
	const inARow = { foreign: 0, none: 0 };
	for (let looks = 0; inARow.foreign < MAX_FOREIGN_ANSWERS && inARow.none < MAX_VAIN_LOOKS; looks++) {
		await sleep(nextLookMs(looks, Date.now(), look.deadlineMs));
		const request: LookRequest = { sessionId: look.sessionId, isTimeUp: Date.now() >= look.deadlineMs };
		const result = await lookOnce(look, request);
		if (request.isTimeUp) return;
		if (result === 'waiting') Object.assign(inARow, { foreign: 0, none: 0 });
		else inARow[result]++;
	}
}
