import type { RequestContext } from '../api/credential';
import type { StoredWait } from './storedWait';

/** Why an execution is not resumed: no request reaches n8n, or n8n answers with an error. */
export type ResumeTrouble = 'notReached' | 'failed';

function warn({ logger }: RequestContext, sentences: string[], reason: string): void {
	logger.warn(`VideoSDK Agent Cloud: ${sentences.join(' ')}`, { reason });
}

const deadlineOf = ({ awaited }: StoredWait) =>
	new Date(Math.max(...awaited.map(({ deadlineMs }) => deadlineMs))).toISOString();

/** Logs that an execution could continue, but cannot be resumed. @param isLast whether there is no further retry */
export function warnNotResumed(
	context: RequestContext,
	wait: StoredWait,
	trouble: ResumeTrouble,
	reason: string,
	isLast: boolean,
): void {
	const address = URL.canParse(wait.resumeUrl) ? new URL(wait.resumeUrl).origin : 'its own address';
	const problem = {
		failed: `n8n at ${address} responds with an error. See n8n's log.`,
		notReached: `n8n can't reach itself at ${address}. Check N8N_WEBHOOK_URL (before n8n 2.35: WEBHOOK_URL), whether a proxy or login in front of n8n lets /webhook-waiting/ through and, if n8n blocks private addresses, N8N_SSRF_ALLOWED_HOSTNAMES.`,
	}[trouble];
	const next = isLast ? "n8n won't retry again, so" : 'n8n retries. If that fails,';
	const sentences = [
		`The waiting execution ${wait.executionId} is ready to continue, but it can't be resumed.`,
		problem,
		`${next} the execution continues soon after its deadline (${deadlineOf(wait)}) with 'timedOut: true', even for calls or sessions that have already ended.`,
	];
	warn(context, sentences, reason);
}

/** Logs that the API rejects the credential. That ends no wait, since the user may correct it before the deadline. */
export function warnCredentialRejected(context: RequestContext, wait: StoredWait, reason: string): void {
	const sentences = [
		`VideoSDK rejects the credential of the waiting execution ${wait.executionId}, so n8n can't tell which calls or sessions have ended.`,
		`n8n keeps checking. Correct the credential before the deadline (${deadlineOf(wait)}), after which the execution continues with 'timedOut: true'.`,
	];
	warn(context, sentences, reason);
}
