import type { IDataObject } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import { excerpt } from '../api/failure';
import type { CredentialSource } from './credentialSource';

const TIMEOUT_MS = 30_000;
/** Requests of ours that n8n rejects, for one waiting execution: it loads the whole execution for each. */
const MAX_REJECTED = 2;
/** Its database may be away, for a quarter of an hour. */
const MAX_FAILED = 10;
/** n8n may be starting again, or a proxy in front of it. What does not reach it costs it nothing. */
const MAX_UNANSWERED = 100;
/** The execution may not be stored yet: n8n rejects what comes before. */
const PAUSE_MS = 20_000;
const LONGEST_PAUSE_MS = 10 * 60_000;
/** What proxies answer when they cannot reach n8n. */
const NOT_REACHED = [502, 503, 504];

/** How n8n says that the execution does not wait here any more (WaitingWebhooks). */
const IS_OVER = /has finished|does not exist|does not contain a waiting webhook/;

/** A request to the resume URL. */
interface ResumeRequest {
	headers: () => Promise<Record<string, string>>;
	body: IDataObject;
	/** Whether the execution went on meanwhile. */
	isOver: () => boolean;
}

type Answer = 'over' | 'rejected' | 'failed' | { notReachedBecause: string };

async function post(
	source: CredentialSource,
	url: string,
	{ headers, body }: ResumeRequest,
): Promise<Answer> {
	try {
		const response = (await source.context.helpers.httpRequest({
			method: 'POST',
			url,
			body,
			headers: await headers(),
			json: true,
			timeout: TIMEOUT_MS,
			disableFollowRedirect: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
		})) as { statusCode: number; body: unknown };
		const isText = typeof response.body === 'string' && response.body.trim() !== '';
		// An n8n that is starting answers 200 in words of its own.
		if (NOT_REACHED.includes(response.statusCode) || isText) {
			return { notReachedBecause: `status ${response.statusCode}` };
		}
		const { message } = (response.body ?? {}) as { message?: unknown };
		// 401: it waits anew, for something else.
		const isOver = [200, 401].includes(response.statusCode) || IS_OVER.test(String(message));
		if (isOver) return 'over';
		return response.statusCode >= 500 ? 'failed' : 'rejected';
	} catch (error) {
		return { notReachedBecause: excerpt((error as Error).message) };
	}
}

/** Logs what nobody would see: n8n may for example block its own address (N8N_SSRF_PROTECTION_ENABLED). */
function warnNotReached(source: CredentialSource, url: string, reason: string): void {
	const address = URL.canParse(url) ? new URL(url).origin : 'its own address';
	source.context.logger.warn(
		`VideoSDK Agent Cloud: a waiting execution can go on, but n8n cannot be reached at ${address} to resume it. That is tried again; otherwise it goes on at its deadline. Check N8N_WEBHOOK_URL and, if n8n blocks private addresses, N8N_SSRF_ALLOWED_HOSTNAMES.`,
		{ reason },
	);
}

/**
 * Asks n8n to resume an execution. A request that it rejects is sent at most twice; one that fails in n8n, for a quarter of an hour;
 * one that does not reach it, for about half a day. Never throws: n8n's own deadline remains.
 */
export async function postResume(
	source: CredentialSource,
	url: string,
	request: ResumeRequest,
): Promise<void> {
	const counts = { rejected: 0, failed: 0, none: 0 };
	for (;;) {
		const answer = await post(source, url, request);
		if (answer === 'over') return;
		if (answer === 'rejected' || answer === 'failed') counts[answer]++;
		else if (counts.none++ === 0) warnNotReached(source, url, answer.notReachedBecause);
		if (counts.rejected >= MAX_REJECTED || counts.failed >= MAX_FAILED || counts.none >= MAX_UNANSWERED)
			return;
		await sleep(Math.min(PAUSE_MS * Math.max(1, counts.failed, counts.none), LONGEST_PAUSE_MS));
		if (request.isOver()) return;
	}
}
