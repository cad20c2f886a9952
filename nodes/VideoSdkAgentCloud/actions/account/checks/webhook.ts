import { isSameUrl } from '../../../api/callWebhooks';
import { isUnreachable, isUnreachableFrom, originOf, TEST_URL, WAITING_URL } from '../../../webhook/address';
import { CALL_EVENTS, callEventsOf, eventName, isCallEvent } from '../../../webhook/event';
import { type Facts, type Finding, good, problem } from './facts';

const SELECT_TRIGGER =
	'Select the trigger from the list, or enter its Production URL, which ends with /webhook.';
/** The path of a trigger's URL (VideoSdkAgentCloudTrigger.node.ts): its webhook ID, then "webhook". */
const TRIGGER_PATH = /\/[^/]+\/webhook$/;

const NOT_CHECKED = problem(
	"This wasn't checked, because the URL isn't a trigger's Production URL",
	"Fix the 'webhookProduction' check first.",
);
const NO_MORE = "This n8n process didn't publish the trigger, so it can't check more";

/** Checks that VideoSDK's servers can reach the URL; if nothing was given, n8n's own. */
export function checkPublic({ given, isOpen, baseUrl, n8nUrl }: Facts): Finding | undefined {
	const url = isOpen ? n8nUrl : given.webhookUrl;
	if (typeof url !== 'string') return undefined;
	const origin = originOf(url);
	if (!isUnreachable(url)) return good(`The address ${origin} looks public`);
	if (!isUnreachableFrom(url, baseUrl))
		return good(`The address ${origin} is local, and so is 'Base URL' in the credential`);
	return problem(
		`VideoSDK can't reach ${origin} from the internet, so no events and no questions from agents will arrive`,
		'Give n8n a public URL (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL), restart it, and select triggers again. Make and Wait and Start and Wait work without one.',
	);
}

/** Checks that it is the Production URL of a trigger. */
export function checkProduction({ given: { webhookUrl }, webhook }: Facts): Finding | undefined {
	if (webhook === undefined) return typeof webhookUrl === 'string' ? undefined : webhookUrl;
	const { pathname } = new URL(webhook.url);
	if (pathname.includes(TEST_URL)) {
		return problem(
			'This is a Test URL. It works for one event only, while the trigger is listening in the editor',
			SELECT_TRIGGER,
		);
	}
	return TRIGGER_PATH.test(pathname) && !pathname.includes(WAITING_URL)
		? good('This is a Production URL')
		: problem("This isn't the URL of a VideoSDK Agent Cloud Trigger", SELECT_TRIGGER);
}

/** Checks that a published trigger with this node's credential is at the URL. */
export function checkPublished(facts: Facts): Finding | undefined {
	const { given, webhook, credentialId } = facts;
	if (webhook === undefined) return undefined;
	if (!checkProduction(facts)?.ok) return NOT_CHECKED;
	const { answer, trigger } = webhook;
	if ('reason' in answer) {
		return problem(
			`n8n doesn't respond at this URL (${answer.reason})`,
			"Check the URL, and that the tunnel, proxy, or login page in front of n8n lets /webhook/ through unchanged. If events arrive, ignore this: some networks don't let a machine reach its own public address.",
		);
	}
	if (!answer.methods.includes('POST')) {
		return problem(
			'No trigger is published at this URL',
			"Publish the trigger's workflow (n8n 1.x: activate it), and select the trigger again. If it's published, unpublish and publish it again: n8n 2.x drops triggers when it starts without this package.",
		);
	}
	// A worker publishes nothing, so it cannot tell.
	if (trigger === undefined) return good(`A workflow is published at this URL. ${NO_MORE}`);
	if (trigger.credentialId !== credentialId) {
		// It may belong to a project that the user cannot see, so it is not named.
		return problem(
			'The trigger is published, but uses a different credential',
			"Select the same credential in the trigger and in this node, and publish the workflow. Otherwise, if the VideoSDK projects differ, the events come without their context, and records can't be fetched.",
		);
	}
	const isForCallsOnly = trigger.events.every((event) => isCallEvent(eventName(event) ?? event));
	if (given.deploymentId === undefined || !isForCallsOnly) return good('The trigger is published');
	return problem(
		`The trigger '${trigger.nodeName}' is published, but not for agent session events`,
		"Select agent session events in the trigger's 'Trigger On' and publish the workflow.",
	);
}

/** Checks that VideoSDK sends the trigger its call events. What a trigger wants, only the process knows that published it. */
export function checkRegistered(facts: Facts): Finding | undefined {
	const { webhook, callWebhooks, isForCalls } = facts;
	if (webhook === undefined) return undefined;
	if (!checkProduction(facts)?.ok) return NOT_CHECKED;
	const { trigger, url } = webhook;
	const wanted = trigger && callEventsOf(trigger.events);
	if (wanted?.length === 0) {
		return good('No call events are selected in the trigger, so it needs no registration with VideoSDK');
	}
	if (callWebhooks.failure) return isForCalls || wanted ? callWebhooks.failure : good(NO_MORE);
	const here = callWebhooks.rows.filter((row) => isSameUrl(row.url, trigger?.url ?? url));
	const registered = callEventsOf(here.flatMap(({ events }) => events));
	if (wanted === undefined && (registered.length > 0 || !isForCalls)) {
		return good(`VideoSDK sends ${registered.join(', ') || 'no call events'} to this URL. ${NO_MORE}`);
	}
	const unsent = (wanted ?? CALL_EVENTS).filter((event) => !registered.includes(event));
	if (unsent.length === 0) return good('VideoSDK sends this trigger its call events');
	return problem(
		`VideoSDK doesn't send ${registered.length === 0 ? 'call events' : unsent.join(', ')} to this trigger`,
		"Select call events in its 'Trigger On', then unpublish its workflow and publish it again (n8n 1.x: deactivate and activate it). If that doesn't help, n8n's log may say why.",
	);
}
