import type { RequestContext } from '../../api/http/credential';
import { originOf } from '../../security/publicAddress';
import type { StoredWait } from '../storedWait';

const deadlineOf = ({ awaited }: StoredWait) =>
	new Date(Math.max(...awaited.map(({ deadlineMs }) => deadlineMs))).toISOString();

function warn({ logger }: RequestContext, wait: StoredWait, what: string, reason: string): void {
	logger.warn(
		`VideoSDK Agent Cloud: ${what} Some minutes after Max Wait (${deadlineOf(wait)}) and any Max Wait for Recording, the execution continues with 'timedOut: true', even for calls or sessions that have already ended.`,
		{ reason, executionId: wait.executionId },
	);
}

/** Logs that an execution is ready to continue, but can't be resumed. */
export function warnNotResumed(context: RequestContext, wait: StoredWait, reason: string): void {
	const what = `The waiting execution ${wait.executionId} is ready to continue, but it can't be resumed at ${originOf(wait.resumeUrl)}. n8n retries. Check N8N_WEBHOOK_URL (before n8n 2.35: WEBHOOK_URL), whether a proxy or login in front of n8n lets /webhook-waiting/ through and, if n8n uses a proxy or blocks private addresses, NO_PROXY or N8N_SSRF_ALLOWED_HOSTNAMES.`;
	warn(context, wait, what, reason);
}

/** Logs that the API rejects the credential. The wait goes on, because the user may correct it before the deadline. */
export function warnCredentialRejected(context: RequestContext, wait: StoredWait, reason: string): void {
	const what = `VideoSDK rejects the credential of the waiting execution ${wait.executionId}, so n8n can't tell what has ended. n8n keeps checking. Correct the credential.`;
	warn(context, wait, what, reason);
}
