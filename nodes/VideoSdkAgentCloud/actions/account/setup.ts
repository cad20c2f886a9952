import { type IDataObject, type IExecuteFunctions, type IHttpRequestMethods } from 'n8n-workflow';
import { AGENT_DEPLOYMENTS } from '../../api/agents';
import { failureOf, type Send } from '../../api/http/client';
import { latestVersion } from '../../api/cloud';
import { CREDENTIAL_TYPE, credentialId } from '../../api/http/credential';
import { DEPLOYMENTS } from '../../api/sessions';
import { failureOfError, NOT_FOUND_STATUSES } from '../../api/http/failure';
import { describeFailure } from '../../api/http/messages';
import { listRecords, type ListRequest } from '../../api/http/pagination';
import { fetchPublicKey, listCallWebhooks } from '../../api/webhooks';
import { fetchRule } from '../../api/routingRule';
import { ALL_ROUTING_RULES, PHONE_NUMBERS } from '../../api/telephony';
import { baseResumeUrlOf } from '../../n8n/waitingState';
import { findPublished } from '../../webhook/knownNodes';

/** The result of one check. */
export interface Finding {
	ok: boolean;
	message: string;
	fix: string;
	/** The day on which the token of a rule's agent ends, in ISO form, if n8n deployed the agent. */
	tokenExpiresAt?: string;
}

export const good = (message: string): Finding => ({ ok: true, message, fix: 'Nothing to do' });

export const problem = (message: string, fix: string): Finding => ({ ok: false, message, fix });

/** @returns the finding that the project has no such record */
export const missing = (what: string, id: string, field: string): Finding =>
	problem(
		`The credential's VideoSDK project has no ${what} '${id}'`,
		`Select one in '${field}'. If yours isn't listed, add it in the VideoSDK dashboard, or select the credential of the project that it belongs to.`,
	);

/** @returns the finding for the error of a check's request */
export function failed(error: unknown): Finding {
	const failure = failureOf(error);
	if (failure === undefined) return problem((error as Error).message, 'Check the VideoSDK credential.');
	if (NOT_FOUND_STATUSES.includes(failure.status ?? 0)) {
		return problem(
			`VideoSDK didn't send what this check needs (status ${failure.status})`,
			"Check 'Base URL' in the credential. It's https://api.videosdk.live, without a path, unless VideoSDK has given you another. If it's right, check that the project's plan includes this feature.",
		);
	}
	const { message, description } = describeFailure(failure);
	return problem(message, description || 'Check the VideoSDK credential.');
}

const TIMEOUT_MS = 10_000;

/** The values to check. In place of a URL or number that can't be used, there is the finding that says why. */
export type Given = Partial<
	Record<'deploymentId' | 'tag' | 'routingRuleId', string> & Record<'webhookUrl' | 'from', string | Finding>
>;

/** The HTTP methods for which n8n has published a workflow at a URL, or the reason why n8n doesn't answer there. */
type Answer = { methods: string[] } | { reason: string };

export type Setup = ReturnType<typeof setupOf>;

/**
 * Carries out one check. An error that it throws becomes its finding (`failed`).
 *
 * @returns undefined if the user didn't give what it checks
 */
export type Check = (setup: Setup) => Promise<Finding | undefined>;

/** @returns the URL as n8n looks it up: without a query or fragment, and without a slash at its end */
function canonicalUrl(url: string): string {
	const { origin, pathname } = new URL(url);
	return `${origin}${pathname.replace(/\/$/, '')}`;
}

/**
 * Fetches VideoSDK's public key, and reads VideoSDK's time from the response, even from one that rejects the request.
 *
 * @returns `pem`, the key; `aheadMs`, by how much n8n's clock is ahead of VideoSDK's, if the response says; `failure`, why there is no key
 */
async function fetchKey(send: Send): Promise<{ pem: string; aheadMs?: number; failure?: Finding }> {
	const aheadOf = (timeMs?: number) => timeMs && Date.now() - timeMs;
	const fetched = fetchPublicKey(send, (pem, answeredAtMs) => ({ pem, aheadMs: aheadOf(answeredAtMs) }));
	return await fetched.catch((error: unknown) => ({
		pem: '',
		aheadMs: aheadOf(failureOf(error)?.serverTimeMs),
		failure: failed(error),
	}));
}

/** Sends n8n a preflight request, which starts no workflow: n8n's WebhookRequestHandler answers it itself, with the path's methods. */
async function askN8n(context: IExecuteFunctions, url: string): Promise<Answer> {
	try {
		const { statusCode, headers } = (await context.helpers.httpRequest({
			method: 'OPTIONS' as string as IHttpRequestMethods,
			url,
			headers: { Origin: new URL(url).origin },
			timeout: TIMEOUT_MS,
			disableFollowRedirect: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
		})) as { statusCode: number; headers: Record<string, unknown> };
		const [first, ...methods] = String(headers['access-control-allow-methods'] ?? '').split(/,\s*/);
		return first === 'OPTIONS' ? { methods } : { reason: `status ${statusCode}` };
	} catch (error) {
		const { code, apiMessage } = failureOfError(error);
		return { reason: code ?? apiMessage ?? 'unknown reason' };
	}
}

/** @returns a function that fetches something when it's first called, and then always returns that */
function lazy<T>(fetch: () => Promise<T>): () => Promise<T> {
	let fetched: Promise<T> | undefined;
	return async () => await (fetched ??= fetch());
}

/** @returns the given values, and functions that fetch what checks need, each at most once. None of them changes anything at VideoSDK */
export function setupOf(context: IExecuteFunctions, itemIndex: number, send: Send, given: Given) {
	const { webhookUrl, routingRuleId, from } = given;
	const list = (request: ListRequest) => lazy(async () => await listRecords(send, request, Infinity));
	const url = typeof webhookUrl === 'string' ? canonicalUrl(webhookUrl) : '';
	return {
		...given,
		/** Whether nothing was given, so that the checks report what the project has for calls and events. */
		isOpen: Object.values(given).every((value) => value === undefined),
		isForCalls: [routingRuleId, from].some((value) => typeof value === 'string'),
		/** The trigger's URL; empty if none was given, or it can't be used. */
		url,
		trigger: findPublished(url),
		credentialId: credentialId(context),
		n8nUrl: baseResumeUrlOf(context),
		timeZone: context.getTimezone(),
		credential: lazy(
			async (): Promise<IDataObject> =>
				await context.getCredentials<IDataObject>(CREDENTIAL_TYPE, itemIndex).catch(() => ({})),
		),
		deployments: list(DEPLOYMENTS),
		key: lazy(async () => await fetchKey(send)),
		rules: list(ALL_ROUTING_RULES),
		/** The routing rule with the tools and tokens that it hands to its agent, which the list doesn't have. */
		ruleWithTools: lazy(async () => await fetchRule(send, String(routingRuleId))),
		agents: list(AGENT_DEPLOYMENTS),
		latestVersion: async (agentDeploymentId: string) => await latestVersion(send, agentDeploymentId),
		numbers: list(PHONE_NUMBERS),
		callWebhooks: lazy(async () => await listCallWebhooks(send)),
		answer: lazy(async () => await askN8n(context, url)),
	};
}
