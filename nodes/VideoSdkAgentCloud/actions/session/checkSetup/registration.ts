import { type IExecuteFunctions } from 'n8n-workflow';
import { type CallWebhook, isSameUrl, listCallWebhooks } from '../../../api/callWebhooks';
import { type Send } from '../../../api/client';
import { credentialId } from '../../../api/credential';
import { findPublished } from '../../../trigger/knownTriggers';
import { CALL_EVENTS, CALL_SUMMARY, eventName } from '../../../webhook/event';
import { failed, type Finding, good, problem } from './finding';
import { canonicalUrl, checkWebhookProduction } from './webhook';

const REGISTER_AGAIN =
	"Unpublish the trigger's workflow and publish it again (n8n 1.x: deactivate and activate it). If that doesn't help, n8n's log says why.";

const callEventsOf = (names: string[]) => {
	const spelled = new Set(names.map(eventName));
	return CALL_EVENTS.filter((event) => spelled.has(event));
};

/** @returns the webhook of the same path, which holds an ID of its own, at a different address of n8n */
function findElsewhere(url: string, webhooks: CallWebhook[]): CallWebhook | undefined {
	const { pathname } = new URL(url);
	return webhooks.find((webhook) => URL.canParse(webhook.url) && new URL(webhook.url).pathname === pathname);
}

const unregistered = (elsewhere: CallWebhook | undefined): Finding =>
	problem(
		elsewhere === undefined
			? 'VideoSDK sends no call events to this trigger'
			: `VideoSDK sends the trigger's call events to a different address, ${elsewhere.url}`,
		REGISTER_AGAIN,
	);

/**
 * Checks that VideoSDK sends the trigger's call events to its URL.
 *
 * @param isForCalls whether calls are to start the trigger
 */
export async function checkWebhookRegistered(
	context: IExecuteFunctions,
	send: Send,
	givenUrl: string,
	isForCalls: boolean,
): Promise<Finding> {
	if (!checkWebhookProduction(givenUrl).ok) {
		return problem(
			"The registration for call events wasn't checked because this isn't a Production URL",
			"Fix the 'webhookProduction' check first.",
		);
	}
	const { trigger } = findPublished(canonicalUrl(givenUrl));
	const wanted = trigger && callEventsOf(trigger.events);
	if (wanted?.length === 0) {
		// Each agent has its own address for summaries.
		return isForCalls && !trigger?.events.includes(CALL_SUMMARY)
			? problem(
					"No call events are selected in the trigger, so calls don't start it",
					"Select call events in the trigger's 'Trigger On' and publish the workflow.",
				)
			: good('No call events are selected in the trigger, so it needs no registration with VideoSDK');
	}
	// Of n8n's present address.
	const url = trigger?.url ?? canonicalUrl(givenUrl);
	let webhooks: CallWebhook[];
	try {
		webhooks = await listCallWebhooks(send);
	} catch (error) {
		return isForCalls || wanted !== undefined
			? failed(error, 'the list of call webhooks')
			: good(
					"n8n can't tell whether VideoSDK sends call events to this URL, because it couldn't fetch the list of call webhooks",
				);
	}
	const registered = callEventsOf(
		webhooks.filter((webhook) => isSameUrl(webhook.url, url)).flatMap(({ events }) => events),
	);
	if (wanted === undefined) {
		if (registered.length > 0) {
			return good(
				`VideoSDK sends ${registered.join(', ')} to this URL. n8n can't tell whether more are selected in 'Trigger On', because this n8n process didn't publish the trigger`,
			);
		}
		const elsewhere = findElsewhere(url, webhooks);
		return isForCalls || elsewhere !== undefined
			? unregistered(elsewhere)
			: good(
					"VideoSDK sends no call events to this URL, which is expected if none are selected in 'Trigger On'",
				);
	}
	if (trigger?.credentialId !== credentialId(context) && registered.length === 0) {
		return problem(
			"The registration for call events wasn't checked because the trigger uses a different credential",
			"Fix the 'webhookPublished' check first.",
		);
	}
	if (registered.length === 0) return unregistered(findElsewhere(url, webhooks));
	const missing = wanted.filter((event) => !registered.includes(event));
	return missing.length === 0
		? good('VideoSDK sends this trigger its call events')
		: problem(`VideoSDK doesn't send ${missing.join(', ')} to this trigger`, REGISTER_AGAIN);
}
