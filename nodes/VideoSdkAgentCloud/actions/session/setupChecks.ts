import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';
import { failureOf, type Send } from '../../api/client';
import { DEPLOYMENTS } from '../../api/deployments';
import { failureOfError } from '../../api/failure';
import { listRecords } from '../../api/pagination';
import { fetchKeyAndDate } from '../../api/publicKey';
import { isUnreachable, TEST_URL, WAITING_URL } from '../../webhook/address';
import { verificationSettings } from '../../webhook/verificationSettings';
import { readPublicKey } from '../../webhook/verify';
import { type Finding, good, problem } from './setupTexts';

/** A token is valid from this long before it is signed, and for this long after (credentials/signToken.ts). */
const MAX_CLOCK_AHEAD_MS = 60_000;
const MAX_CLOCK_BEHIND_MS = 5 * 60_000;
const WEBHOOK_TIMEOUT_MS = 10_000;
/** How the URL of a trigger ends (VideoSdkAgentCloudTrigger.node.ts). To post to any other could start somebody's workflow. */
const TRIGGER_PATH = '/webhook';

/** @returns a failed request as a finding, in the words of its error */
function failed(error: unknown): Finding {
	const { message, description } = error as NodeApiError;
	return {
		ok: false,
		message: message.replace(/ \[item \d+\]$/, ''),
		fix: error instanceof NodeApiError && description ? description : 'Check the VideoSDK credential.',
	};
}

/** The keys, by a list of deployments of which everything else is read, too. */
export async function checkCredential(
	send: Send,
): Promise<{ finding: Finding; deployments?: IDataObject[] }> {
	try {
		const deployments = await listRecords(send, DEPLOYMENTS, Infinity);
		return { finding: good('VideoSDK accepts the API key and secret'), deployments };
	} catch (error) {
		return { finding: failed(error) };
	}
}

/** The published key and the clock, which one request shows. */
export async function checkKeyAndClock(
	context: IExecuteFunctions,
	send: Send,
): Promise<{ publicKey: Finding; clock: Finding }> {
	let answer: { pem: string; date: string };
	try {
		answer = await fetchKeyAndDate(send);
	} catch (error) {
		// VideoSDK may have rejected the request for the very reason that the clock is wrong.
		const date = failureOf(error as object)?.date;
		const clock = date === undefined ? problem('clockUnknown') : checkClock(date, Date.now());
		return { publicKey: failed(error), clock };
	}
	return { publicKey: await checkPublicKey(context, answer.pem), clock: checkClock(answer.date, Date.now()) };
}

async function checkPublicKey(context: IExecuteFunctions, pem: string): Promise<Finding> {
	const published = readPublicKey(pem);
	let pinnedKey;
	try {
		({ pinnedKey } = await verificationSettings(context));
	} catch {
		return problem('keyUnreadable');
	}
	if (pinnedKey === undefined) {
		return published === undefined
			? problem('keyUnusable')
			: good('The public key of VideoSDK can be fetched');
	}
	return published === undefined || pinnedKey.equals(published)
		? good("The key in 'Webhook Public Key' can be read")
		: problem('keyDiffers');
}

/**
 * @param date the Date header of an answer
 * @param nowMs the present time by the clock of this machine, in ms since 1970
 */
function checkClock(date: string, nowMs: number): Finding {
	const aheadMs = nowMs - Date.parse(date);
	if (Number.isNaN(aheadMs)) return good('VideoSDK did not tell its time, so the clock was not compared');
	if (aheadMs > MAX_CLOCK_AHEAD_MS || -aheadMs > MAX_CLOCK_BEHIND_MS) {
		const seconds = Math.round(Math.abs(aheadMs) / 1000);
		const amount = seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
		return problem('clockWrong', { difference: `${amount} ${aheadMs > 0 ? 'fast' : 'slow'}` });
	}
	return good('The clock is right');
}

/** @param deployments the rows of the list, one for each tag; undefined if it could not be read */
export function checkDeployment(deploymentId: string, deployments?: IDataObject[]): Finding {
	if (deployments === undefined) return problem('deploymentUnknown');
	return deployments.some(({ id }) => id === deploymentId)
		? good('The deployment exists')
		: problem('deploymentMissing', { deployment: deploymentId });
}

/** @param deploymentId the deployment of which it is a tag */
export function checkTag(
	deploymentId: string | undefined,
	tag: string,
	deployments: IDataObject[] = [],
): Finding {
	if (deploymentId === undefined) return problem('tagAlone');
	const rows = deployments.filter(({ id }) => id === deploymentId);
	if (rows.length === 0) return problem('tagUnknown');
	if (rows.some((row) => row.tag === tag)) return good('The deployment has this tag');
	const tags = rows.map((row) => row.tag).filter(Boolean);
	return tags.length === 0 ? problem('tagsNone') : problem('tagMissing', { tag, tags: tags.join(', ') });
}

/** Whether VideoSDK's servers can reach the URL. A local API, such as a simulator, reaches local addresses. */
export async function checkWebhookPublic(context: IExecuteFunctions, url: string): Promise<Finding> {
	if (!isUnreachable(url)) return good('The address looks public');
	const { baseUrl } = await verificationSettings(context).catch(() => ({ baseUrl: '' }));
	if (isUnreachable(baseUrl)) return good("The address is local, and so is 'Base URL' in the credential");
	return problem('addressPrivate', { host: new URL(url).host });
}

/** Whether it is a Production URL of a trigger. */
export function checkWebhookProduction(url: string): Finding {
	if (url.includes(TEST_URL)) return problem('urlTest');
	if (url.includes(WAITING_URL)) return problem('urlWaiting');
	return good('It is not a Test URL');
}

/** Why nothing came from a URL, in a few words. */
function reasonOf(error: unknown): string {
	const { kind, code, apiMessage } = failureOfError(error);
	if (kind === 'timeout') return `none within ${WEBHOOK_TIMEOUT_MS / 1000} seconds`;
	if (kind === 'untrusted') return 'it does not trust the certificate';
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the name of the host is unknown';
	if (kind === 'notConnected') return 'the host cannot be reached, or nothing listens there';
	return code ?? apiMessage ?? 'the connection was lost';
}

/** Whether a published trigger answers: an unsigned delivery without an event is rejected and starts nothing. */
export async function checkWebhookPublished(context: IExecuteFunctions, url: string): Promise<Finding> {
	// A Test URL would take this for the one event that it waits for.
	if (!checkWebhookProduction(url).ok || !new URL(url).pathname.endsWith(TRIGGER_PATH))
		return problem('notAsked');
	let answer: { statusCode: number; body: unknown };
	try {
		answer = (await context.helpers.httpRequest({
			method: 'POST',
			url,
			body: {},
			json: true,
			timeout: WEBHOOK_TIMEOUT_MS,
			disableFollowRedirect: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
		})) as typeof answer;
	} catch (error) {
		return problem('unreachable', { reason: reasonOf(error) });
	}
	const { statusCode: status, body } = answer;
	const message = String((body as IDataObject | undefined)?.message ?? '');
	if (status === 401 && message.includes('videosdk-signature')) return good('The trigger is published');
	if (status === 400 && message.includes('webhookType')) {
		return good("The trigger is published, but accepts events from anyone: its 'Verify Signature' is off");
	}
	if (status === 404 && message.includes('not registered')) return problem('notPublished');
	return problem('otherAnswer', { status });
}
