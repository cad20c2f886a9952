import { type IExecuteFunctions } from 'n8n-workflow';
import { readBaseUrl } from '../../../../../credentials/apiTarget';
import { CREDENTIAL_TYPE, credentialId } from '../../../api/credential';
import { findPublished, type KnownTrigger } from '../../../trigger/knownTriggers';
import { isUnreachable, TEST_URL, WAITING_URL } from '../../../webhook/address';
import { eventName, isCallEvent } from '../../../webhook/event';
import { type Finding, good, problem } from './finding';
import { probe } from './probe';

const SELECT_TRIGGER = 'Select the trigger from the list, or enter its Production URL.';
/** The path of a trigger's URL (VideoSdkAgentCloudTrigger.node.ts): its webhook ID, then "webhook". */
const TRIGGER_PATH = /\/[^/]+\/webhook$/;

/** @returns the URL as n8n looks it up: without a query or fragment, and without a slash at its end */
export function canonicalUrl(url: string): string {
	const { origin, pathname } = new URL(url);
	return `${origin}${pathname.replace(/\/$/, '')}`;
}

/** Checks that VideoSDK's servers can reach the URL. A local API, such as a simulator, reaches local addresses. */
export async function checkWebhookPublic(
	context: IExecuteFunctions,
	url: string,
	itemIndex: number,
): Promise<Finding> {
	if (!isUnreachable(url)) return good('The address looks public');
	const isLocalApi = await context
		.getCredentials(CREDENTIAL_TYPE, itemIndex)
		.then(({ baseUrl }) => isUnreachable(readBaseUrl(baseUrl).href))
		.catch(() => false);
	if (isLocalApi) return good("The address is local, and so is 'Base URL' in the credential");
	return problem(
		`VideoSDK can't reach ${new URL(url).host} from the internet, so no events will arrive`,
		'Give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL), restart it and select the trigger again. Or use Make and Wait or Start and Wait, which work without a public URL.',
	);
}

/** Checks that it is neither a Test URL nor a resume URL. */
export function checkWebhookProduction(url: string): Finding {
	const { pathname } = new URL(url);
	if (pathname.includes(TEST_URL)) {
		return problem(
			'This is a Test URL. It works for one event only, while the trigger is listening in the editor',
			SELECT_TRIGGER,
		);
	}
	if (pathname.includes(WAITING_URL)) {
		return problem('This is the URL of a waiting execution, not of a trigger', SELECT_TRIGGER);
	}
	return good('This is not a Test URL');
}

/** @returns what keeps events from starting the trigger's workflow although it is published */
function checkTrigger(context: IExecuteFunctions, trigger: KnownTrigger, isForSessions: boolean): Finding {
	if (trigger.credentialId !== credentialId(context)) {
		// It may belong to a project that the user cannot see, so it is not named.
		return problem(
			'The trigger is published, but uses a different credential',
			"Select the same credential in the trigger and in this node, and publish the workflow. Otherwise the events come without their context, and records can't be fetched if the VideoSDK projects differ.",
		);
	}
	const names = trigger.events.map((event) => eventName(event) ?? event);
	if (names.length === 0) {
		return problem(
			`The trigger '${trigger.nodeName}' is published, but no event is selected in it`,
			"Select events in the trigger's 'Trigger On' and publish the workflow.",
		);
	}
	if (!names.every(isCallEvent)) return good('The trigger is published');
	return isForSessions
		? problem(
				`The trigger '${trigger.nodeName}' is published, but only for call events`,
				"Select agent session events in the trigger's 'Trigger On' and publish the workflow.",
			)
		: good("The trigger is published for call events only. Sessions and rooms don't start it");
}

/**
 * Checks that a published trigger with this node's credential answers at the URL. A trigger that this process knows gets a delivery
 * with a wrong signature, which it rejects. Anything else could be someone's workflow, so it gets a request that n8n answers itself.
 *
 * @param isForSessions whether sessions are to send their events to it
 */
export async function checkWebhookPublished(
	context: IExecuteFunctions,
	url: string,
	isForSessions: boolean,
): Promise<Finding> {
	const canonical = canonicalUrl(url);
	if (!checkWebhookProduction(url).ok || !TRIGGER_PATH.test(new URL(canonical).pathname)) {
		return problem(
			"The trigger wasn't checked because this isn't the Production URL of a VideoSDK Agent Cloud Trigger",
			`${SELECT_TRIGGER} It ends with /webhook.`,
		);
	}
	const { trigger, isOwnOrigin } = findPublished(canonical);
	const isAtThisUrl = trigger?.url === canonical;
	const answer = await probe(context, isAtThisUrl ? { trigger: url } : { unknown: canonical });
	if (trigger !== undefined && answer.by === 'trigger') {
		if (!answer.canVerify) {
			return problem(
				"The trigger is published, but can't verify events",
				"Check that the trigger's credential exists and its test succeeds. If so, n8n couldn't fetch VideoSDK's public key. n8n's log says why.",
			);
		}
		const finding = checkTrigger(context, trigger, isForSessions);
		return answer.isVerifying || !finding.ok
			? finding
			: good("The trigger is published, but accepts events from anyone because 'Verify Signature' is off");
	}
	if (answer.by === 'workflow') {
		if (trigger !== undefined) return checkTrigger(context, trigger, isForSessions);
		// A worker publishes nothing, so it cannot tell.
		if (answer.takesPost && !isOwnOrigin) {
			return good(
				"A workflow is published at this URL. n8n can't tell whether it has a VideoSDK Agent Cloud Trigger with this credential, because this n8n process didn't publish it",
			);
		}
		return problem(
			"A workflow is published at this URL, but this n8n process doesn't know of a VideoSDK Agent Cloud Trigger there",
			`${SELECT_TRIGGER} If n8n runs as several main processes, a different one may have published the trigger.`,
		);
	}
	const movedTo =
		trigger?.credentialId !== credentialId(context) || isAtThisUrl
			? ''
			: ` The trigger's URL is ${trigger.url} now. Select it again.`;
	if (answer.by === 'nothing') {
		return problem(
			'No trigger is published at this URL',
			movedTo.trim() ||
				"Publish the trigger's workflow (n8n 1.x: activate it). If it's already published, select the trigger again, because its URL has changed.",
		);
	}
	if (answer.by === 'none') {
		return problem(
			`n8n got no response from this URL (${answer.reason})`,
			movedTo.trim() ||
				"Check the URL, and make sure that the tunnel or proxy in front of n8n is running. Some networks don't let a machine reach its own public address. If events arrive, ignore this.",
		);
	}
	return problem(
		`Something other than a VideoSDK Agent Cloud Trigger responds at this URL${answer.by === 'other' ? ` (status ${answer.status})` : ''}`,
		`Check the URL. A login page or proxy in front of n8n must let requests to /webhook/ through unchanged, without redirecting them.${movedTo}`,
	);
}
