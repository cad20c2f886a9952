import {
	isUnreachable,
	isUnreachableFrom,
	originOf,
	TEST_URL,
	WAITING_URL,
} from '../../security/publicAddress';
import { reconcile } from '../../trigger/reconcile';
import { callEventsOf, eventName, isCallEvent } from '../../webhook/event';
import { type Check, type Finding, good, problem, type Setup } from './setup';

const SELECT_TRIGGER =
	'Select the trigger from the list, or enter its Production URL, which ends with /webhook.';
/** The path of a trigger's URL (VideoSdkAgentCloudTrigger.node.ts): its webhook ID, then "webhook". */
const TRIGGER_PATH = /\/[^/]+\/webhook$/;
const NOT_CHECKED = problem(
	"This wasn't checked, because the URL isn't a trigger's Production URL",
	"Fix the 'webhookProduction' check first.",
);
const NO_MORE =
	"This n8n process can't check more, only the main one, which publishes triggers: execute this node in the editor";

/** @returns what is wrong with a trigger's URL; undefined if it is a Production URL */
function faultOfUrl({ url }: Setup): Finding | undefined {
	const { pathname } = new URL(url);
	if (pathname.includes(TEST_URL)) {
		return problem(
			'This is a Test URL. It works for one event only, while the trigger is listening in the editor',
			SELECT_TRIGGER,
		);
	}
	const isTrigger = TRIGGER_PATH.test(pathname) && !pathname.includes(WAITING_URL);
	return isTrigger
		? undefined
		: problem("This isn't the URL of a VideoSDK Agent Cloud Trigger", SELECT_TRIGGER);
}

/** The checks of a trigger's URL, by the names and in the order of the output. */
export const TRIGGER_CHECKS: Record<string, Check> = {
	/** Checks whether VideoSDK's servers can reach the URL; if nothing was given, n8n's own. */
	async webhookPublic({ isOpen, n8nUrl, webhookUrl, credential }) {
		const url = isOpen ? n8nUrl : webhookUrl;
		if (typeof url !== 'string') return undefined;
		const origin = originOf(url);
		if (!isUnreachable(url)) return good(`The address ${origin} looks public`);
		if (!isUnreachableFrom(url, (await credential()).baseUrl)) {
			return good(`The address ${origin} is local, and so is 'Base URL' in the credential`);
		}
		return problem(
			`VideoSDK can't reach ${origin} from the internet, so no events and no questions from agents will arrive`,
			"Give n8n a public URL ('Public URL' in the docs says how), restart it, and select triggers again. Make and Wait and Start and Wait work without one.",
		);
	},

	async webhookProduction(setup) {
		const { webhookUrl } = setup;
		if (typeof webhookUrl !== 'string') return webhookUrl;
		return faultOfUrl(setup) ?? good('This is a Production URL');
	},

	/** Checks whether a published trigger with this node's credential is at the URL. */
	async webhookPublished(setup) {
		const { url, trigger, credentialId, deploymentId } = setup;
		if (url === '') return undefined;
		if (faultOfUrl(setup)) return NOT_CHECKED;
		const answer = await setup.answer();
		if ('reason' in answer) {
			return problem(
				`n8n doesn't respond at this URL (${answer.reason})`,
				"Check the URL, and that the tunnel, proxy, or login page in front of n8n lets /webhook/ through unchanged. If events arrive, ignore this: some networks don't let a machine reach its own public address.",
			);
		}
		if (!answer.methods.includes('POST')) {
			return problem(
				'No trigger is published at this URL',
				"Publish the trigger's workflow, and select the trigger again. If it's published, unpublish and publish it again: n8n drops triggers when it starts without this package.",
			);
		}
		// This process doesn't know the trigger, as a worker never does, because only the main process publishes.
		if (trigger === undefined) return good(`A workflow is published at this URL. ${NO_MORE}`);
		if (trigger.credentialId !== credentialId) {
			// The message doesn't name the trigger, which may belong to an n8n project that the user can't see.
			return problem(
				'The trigger is published, but uses a different credential',
				"Select the same credential in the trigger and in this node, and publish the workflow. Otherwise, if the VideoSDK projects differ, records can't be fetched.",
			);
		}
		const isForCallsOnly = trigger.events.every((event) => isCallEvent(eventName(event) ?? event));
		if (deploymentId === undefined || !isForCallsOnly) return good('The trigger is published');
		return problem(
			`The trigger '${trigger.nodeName}' is published, but not for agent session events`,
			"Select agent session events in the trigger's 'Trigger On' and publish the workflow.",
		);
	},

	/** Checks whether VideoSDK sends the trigger its call events. Which ones it wants, only the process that published it knows. */
	async webhookRegistered(setup) {
		const { url, trigger, isForCalls } = setup;
		if (url === '') return undefined;
		if (faultOfUrl(setup)) return NOT_CHECKED;
		const events = callEventsOf(trigger?.events ?? []);
		if (trigger && events.length === 0) {
			return good('No call events are selected in the trigger, so it needs no registration with VideoSDK');
		}
		const listed = setup.callWebhooks();
		// Without calls, it doesn't matter if the project's plan has no call webhooks and the request fails.
		const webhooks = await (trigger || isForCalls ? listed : listed.catch(() => undefined));
		if (webhooks === undefined) return good(NO_MORE);
		const { create, remove } = reconcile({ url: trigger?.url ?? url, events }, webhooks);
		if (trigger && !create) return good('VideoSDK sends this trigger its call events');
		const sent = callEventsOf(remove.flatMap((webhook) => webhook.events));
		if (trigger === undefined && (sent.length > 0 || !isForCalls)) {
			return good(`VideoSDK sends ${sent.join(', ') || 'no call events'} to this URL. ${NO_MORE}`);
		}
		const unsent = events.filter((event) => !sent.includes(event));
		const what = sent.length === 0 ? 'call events' : unsent.join(', ') || 'exactly the selected call events';
		return problem(
			`VideoSDK doesn't send ${what} to this trigger`,
			"Select call events in its 'Trigger On', then unpublish its workflow and publish it again. If that doesn't help, n8n's log may say why.",
		);
	},
};
