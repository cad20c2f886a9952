import type { IDataObject } from 'n8n-workflow';
import { secretOf } from '../../api/http/credential';
import { tokensOf } from '../../api/routingRule';
import { isInbound, isSameNumber, numbersOf, phoneNumbersOf } from '../../api/telephony';
import { conversationsAtOnce, tokenEndOf } from '../../api/versionTag';
import { endOfToken, tokenEnvelope } from '../../agentTools/accessToken';
import { reconcile } from '../../trigger/reconcile';
import {
	isUnreachable,
	isUnreachableFrom,
	originOf,
	TEST_URL,
	WAITING_URL,
} from '../../security/publicAddress';
import { callEventsOf, eventName, isCallEvent } from '../../webhook/event';
import { readPublicKey } from '../../webhook/verify';
import { failed, type Finding, good, missing, problem, type Setup } from './setup';

/** How far n8n's clock may be off before VideoSDK rejects its tokens: see CLOCK_SKEW_S and TOKEN_LIFETIME_S in credentials/signToken.ts. */
const MAX_CLOCK_AHEAD_MS = 60_000;
const MAX_CLOCK_BEHIND_MS = 5 * 60_000;

const PINNED = "'Webhook Public Key' in the credential";
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
/** The checks that users who make no calls can ignore. */
const OF_CALLS = ['routingRule', 'number'];

const DAY_MS = 86_400_000;
/** How long before the end of an access or a token the check warns. */
const TOOLS_WARNING_MS = 2 * DAY_MS;
const TOKEN_WARNING_MS = 14 * DAY_MS;

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const endsOrEnded = (ms: number) => `${ms <= Date.now() ? 'ended' : 'ends'} on ${dayOf(ms)}`;

/** @returns the tags of a deployment, for each of which the API's list has a row; undefined if there is no such deployment */
async function tagsOf({ deployments, deploymentId }: Setup): Promise<unknown[] | undefined> {
	const rows = (await deployments()).filter(({ id }) => id === deploymentId);
	return rows.length === 0 ? undefined : rows.map(({ tag }) => tag).filter(Boolean);
}

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

const GIVE_AGENT =
	'Run Agent: Deploy, unless you have an agent. Then select it in Routing Rule: Set Agent, with this rule.';

/** @returns why a routing rule can't make calls, as the end of a sentence; empty if it can */
function faultOfRule(rule: IDataObject): string {
	if (isInbound(rule)) return 'is for incoming calls';
	return rule.agentId ? '' : 'has no agent, so no one would talk on the call';
}

async function findNumber({ rules, numbers }: Setup): Promise<Finding> {
	const usable = (await rules()).filter((rule) => !faultOfRule(rule));
	// A routing rule without the field `numbers` may call from any number of the project.
	const isAny = usable.some((rule) => rule.numbers === undefined);
	const own = usable.flatMap(numbersOf);
	const [number] = own.length > 0 || !isAny ? own : (await numbers()).map(({ id }) => String(id));
	return number === undefined
		? problem(
				'No outbound routing rule has a phone number to call from',
				'Add a number to the rule in the VideoSDK dashboard.',
			)
		: good(`There is a phone number to call from, ${number}`);
}

/** The time zone of n8n, unless it's changed for an instance (GENERIC_TIMEZONE) or a workflow. */
const N8N_TIME_ZONE = 'America/New_York';
const DEFAULT_ZONE_ADVICE =
	" That's n8n's default. If you aren't there, change it in the workflow's settings, or agents take \"tomorrow at nine\" for a different time.";

/** @returns how many conversations a version that n8n has deployed takes at once, as a sentence after one that has no full stop */
function capacityOf(version: IDataObject): string {
	const count = conversationsAtOnce(version);
	return count === undefined
		? ". How many conversations it takes at once isn't known: deploy it again to have that said"
		: `. It takes ${count} conversations at once`;
}

/**
 * Carries out one check. An error that it throws becomes its finding (`failed`).
 *
 * @returns undefined if the user didn't give what it checks
 */
type Check = (setup: Setup) => Promise<Finding | undefined>;

/** The checks, by the names and in the order of the output. */
const CHECKS: Record<string, Check> = {
	/** Checks the API key and secret with a list that other checks need as well. */
	async credential({ deployments }) {
		await deployments();
		return good('VideoSDK accepts the API key and secret');
	},

	async clock({ key }) {
		const { aheadMs, failure } = await key();
		if (aheadMs === undefined) {
			return failure ?? good("VideoSDK's response didn't include the time, so the clock wasn't checked");
		}
		if (aheadMs <= MAX_CLOCK_AHEAD_MS && -aheadMs <= MAX_CLOCK_BEHIND_MS) {
			return good('The clock is accurate enough');
		}
		const seconds = Math.round(Math.abs(aheadMs) / 1000);
		const amount = seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
		return problem(
			`The clock on the machine that runs n8n is ${amount} ${aheadMs > 0 ? 'fast' : 'slow'}. VideoSDK may reject requests`,
			'Synchronize the clock, for example with NTP. A container uses the clock of its host.',
		);
	},

	/** Checks the key by which events are verified: the one in the credential, else VideoSDK's own. */
	async publicKey({ key, credential }) {
		const { pem, failure } = await key();
		const pinnedKey = String((await credential()).webhookPublicKey ?? '').trim();
		const published = readPublicKey(pem);
		if (pinnedKey === '') {
			if (published) return good("n8n can fetch VideoSDK's public key");
			return (
				failure ??
				problem(
					"VideoSDK doesn't provide a usable public key, so events can't be verified",
					"Check 'Base URL' in the credential. A different service may be responding there. If it's right, try again later.",
				)
			);
		}
		const pinned = readPublicKey(pinnedKey);
		// If VideoSDK's key couldn't be fetched, there's nothing to compare with.
		if (pinned && (!published || pinned.equals(published))) return good(`${PINNED} is a usable key`);
		return problem(
			`${PINNED} isn't ${pinned ? 'the key that VideoSDK publishes' : 'a usable key'}, so its events are rejected`,
			"Unless VideoSDK gave you this key, clear 'Webhook Public Key' in the credential.",
		);
	},

	async deployment(setup) {
		const { deploymentId } = setup;
		if (deploymentId === undefined) return undefined;
		const tags = await tagsOf(setup);
		if (tags === undefined) return missing('deployment', deploymentId, 'Deployment');
		return tags.length > 0
			? good('The deployment exists and has a version to run')
			: problem(
					'The deployment has no tag, so there is no version of the agent to run',
					'Push a version of the agent to Agent Cloud.',
				);
	},

	async tag(setup) {
		const { deploymentId, tag } = setup;
		if (tag === undefined) return undefined;
		if (deploymentId === undefined) {
			return problem("The tag wasn't checked, because no deployment is selected", "Select its 'Deployment'.");
		}
		const tags = (await tagsOf(setup)) ?? [];
		if (tags.includes(tag)) return good('The deployment has this tag');
		return problem(
			`The deployment has no tag '${tag}'`,
			tags.length === 0 ? 'Correct the deployment first.' : `Select one of its tags: ${tags.join(', ')}.`,
		);
	},

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

	/** Checks the routing rule; if nothing was given, whether there is any for calls. */
	async routingRule({ isOpen, rules, routingRuleId }) {
		if (isOpen) {
			const all = await rules();
			if (all.some((rule) => !faultOfRule(rule))) {
				return good('There is an outbound routing rule with an agent');
			}
			return problem(
				'No outbound routing rule has an agent',
				all.every(isInbound)
					? "Create one in the VideoSDK dashboard: 'Your first call' in the docs says how."
					: GIVE_AGENT,
			);
		}
		if (routingRuleId === undefined) return undefined;
		const rule = (await rules()).find(({ id }) => id === routingRuleId);
		if (rule === undefined) return missing('routing rule', routingRuleId, 'Routing Rule');
		const fault = faultOfRule(rule);
		if (fault === '') return good('The routing rule is for outgoing calls and has an agent');
		const change = "Change it in the VideoSDK dashboard, or select a different one in 'Routing Rule'.";
		return problem(`The routing rule ${fault}`, isInbound(rule) ? change : GIVE_AGENT);
	},

	/** Checks the number to call from; if nothing was given, whether there is any. */
	async number(setup) {
		const { isOpen, rules, numbers, routingRuleId, from } = setup;
		// If the routing rules can't be fetched, the check `routingRule` says why.
		if (isOpen) return (await rules().catch(() => undefined)) && (await findNumber(setup));
		if (typeof from !== 'string') return from;
		const isFrom = (number: string): boolean => isSameNumber(number, from);
		const rule = routingRuleId && (await rules()).find(({ id }) => id === routingRuleId);
		const ofRule = phoneNumbersOf(rule || {});
		if (ofRule) {
			return ofRule.some(isFrom)
				? good('The phone number belongs to the routing rule')
				: problem(
						"The phone number doesn't belong to the routing rule",
						`Select one of the rule's numbers in 'From' (${ofRule.join(', ')}), or add this one to the rule in the VideoSDK dashboard.`,
					);
		}
		const isThere = (await numbers()).some(({ id }) => isFrom(String(id)));
		return isThere ? good('The phone number exists') : missing('phone number', from, 'From');
	},

	/** Checks until when the rule's agent can join calls and use its tools. */
	async agent(setup) {
		const { routingRuleId, rules } = setup;
		if (routingRuleId === undefined) return undefined;
		// If there's no such rule, or it has no agent, the check `routingRule` says so.
		const listed = (await rules().catch(() => [])).find(({ id }) => id === routingRuleId);
		if (!listed?.agentId) return undefined;
		const agent = (await setup.agents()).find(({ agentId }) => agentId === listed.agentId);
		const name = agent ? `'${String(agent.name)}' (${String(listed.agentId)})` : String(listed.agentId);
		const version = agent && (await setup.latestVersion(String(agent.id)));
		const tokenEndMs = version && tokenEndOf(version.versionTag);
		const ends = tokenEndMs !== undefined && { tokenExpiresAt: new Date(tokenEndMs).toISOString() };
		if (tokenEndMs !== undefined && tokenEndMs - Date.now() <= TOKEN_WARNING_MS) {
			const message = `The token of the rule's agent ${name} ${endsOrEnded(tokenEndMs)}. Without it, the agent doesn't come`;
			return { ...problem(message, 'Run Agent: Deploy again with the same name.'), ...ends };
		}
		const key = tokenEnvelope.keyOf(secretOf(await setup.credential()));
		const tokens = tokensOf(await setup.ruleWithTools());
		const toolsEndMs = Math.min(...tokens.map((token) => endOfToken(token, key) ?? Infinity));
		if (toolsEndMs - Date.now() <= TOOLS_WARNING_MS) {
			const message = `The access of the rule's agent ${name} to its tools ${endsOrEnded(toolsEndMs)}`;
			const fix = 'Run Routing Rule: Set Agent with the tools again, ideally every day, by a schedule.';
			return { ...problem(message, fix), ...ends };
		}
		// Only of agents that n8n has deployed is it known.
		const capacity = tokenEndMs === undefined ? '' : capacityOf(version ?? {});
		return { ...good(`The rule's agent is ${name}${capacity}`), ...ends };
	},

	/** Shows the time zone in which agents understand times, and when calling hours begin, if none is entered there. */
	async timeZone({ timeZone }) {
		const now = new Intl.DateTimeFormat('en-US', {
			timeZone,
			weekday: 'long',
			hour: '2-digit',
			minute: '2-digit',
			hourCycle: 'h23',
		}).format();
		const isDefault = timeZone === N8N_TIME_ZONE ? DEFAULT_ZONE_ADVICE : '';
		return good(`The workflow's time zone is ${timeZone}, where it's ${now}.${isDefault}`);
	},
};

/** @returns an output item for each check of something that the user gave */
export async function runChecks(setup: Setup): Promise<IDataObject[]> {
	const findings = await Promise.all(
		Object.entries(CHECKS).map(async ([check, run]) => {
			const finding = await run(setup).catch(failed);
			if (finding === undefined) return [];
			const isIgnorable = !finding.ok && setup.isOpen && OF_CALLS.includes(check);
			const fix = isIgnorable ? `${finding.fix} If you don't make calls, ignore this.` : finding.fix;
			return [{ check, ...finding, fix }];
		}),
	);
	return findings.flat();
}
