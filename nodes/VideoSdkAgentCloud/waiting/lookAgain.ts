import { createHmac, timingSafeEqual } from 'crypto';
import type { IDataObject, IHttpRequestOptions } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

/**
 * A run that waits for the end of a session is resumed by the session's event. An event can be missed: n8n refuses one that comes
 * before it has stored the waiting run (some milliseconds), and VideoSDK may not get through. So the process that started the
 * session asks the waiting run now and then to look at the API: it posts to the run's resume URL, as VideoSDK does, with a
 * signature of its own.
 *
 * This costs no worker, only some memory, and ends with the process: after a restart the events alone resume the run.
 */

/** Carries the signature of a request to look again. */
export const LOOK_SIGNATURE_HEADER = 'x-agent-cloud-look-signature';

const FIRST_LOOK_MS = 2_000;
const LONGEST_INTERVAL_MS = 5 * 60_000;
const INTERVAL_GROWTH = 3;
/** The last look is this long before the deadline, so that it is not reported as a time-out. */
const LAST_LOOK_BEFORE_DEADLINE_MS = 3_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** n8n answers so when the run is over, or not yet stored. */
const HTTP_CONFLICT = 409;

/** What the waiting run answers as long as it goes on waiting. */
export const STILL_WAITING = { waiting: true };

/** What is needed to look again. It holds nothing of the run's data, since it is kept in memory for hours. */
export interface Look {
	httpRequest: (options: IHttpRequestOptions) => Promise<unknown>;
	resumeUrl: string;
	sessionId: string;
	/** See `signLook`. */
	signature: string;
	/** Infinity: the run waits without limit. */
	deadlineMs: number;
}

/** Signs a request to look again at a session, by the credential's secret. */
export function signLook(sessionId: string, secretKey: string): string {
	return createHmac('sha256', secretKey).update(`look again at ${sessionId}`).digest('hex');
}

/** @returns whether a request to look again comes from this package and means this session */
export function isGenuineLook(signature: unknown, sessionId: string, secretKey: string): boolean {
	const wanted = Buffer.from(signLook(sessionId, secretKey));
	const given = Buffer.from(typeof signature === 'string' ? signature : '');
	return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** The time to the next look, in ms; undefined if there is none before the deadline. */
export function nextLookMs(looks: number, nowMs: number, deadlineMs: number): number | undefined {
	const remainingMs = deadlineMs - LAST_LOOK_BEFORE_DEADLINE_MS - nowMs;
	if (remainingMs <= 0) return undefined;
	return Math.min(FIRST_LOOK_MS * INTERVAL_GROWTH ** looks, LONGEST_INTERVAL_MS, remainingMs);
}

/**
 * Posts to the resume URL again and again until the run is resumed or its deadline is near. Never throws: it helps the events, and
 * nothing depends on it.
 */
export async function keepLooking(look: Look): Promise<void> {
	let conflicts = 0;
	for (let looks = 0; ; looks++) {
		const waitMs = nextLookMs(looks, Date.now(), look.deadlineMs);
		if (waitMs === undefined) return;
		await sleep(waitMs);
		try {
			const response = (await look.httpRequest({
				method: 'POST',
				url: look.resumeUrl,
				body: { sessionId: look.sessionId },
				headers: { [LOOK_SIGNATURE_HEADER]: look.signature },
				json: true,
				timeout: REQUEST_TIMEOUT_MS,
				disableFollowRedirect: true,
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
			})) as { statusCode: number; body: unknown };
			conflicts = response.statusCode === HTTP_CONFLICT ? conflicts + 1 : 0;
			if (response.statusCode === 404 || conflicts > 1) return;
			const isWaiting = (response.body as IDataObject | undefined)?.waiting === true;
			if (response.statusCode === 200 && !isWaiting) return;
		} catch {
			// n8n cannot be reached under its own address just now, or never: the events may get through all the same.
		}
	}
}
