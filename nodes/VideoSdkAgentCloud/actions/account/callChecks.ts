import type { IDataObject } from 'n8n-workflow';
import { endOfToken, tokenEnvelope } from '../../agentTools/accessToken';
import { secretOf } from '../../api/http/credential';
import { tokensOf } from '../../api/routingRule';
import { isInbound, isSameNumber, numbersOf, phoneNumbersOf } from '../../api/telephony';
import { conversationsAtOnce, tokenEndOf } from '../../api/versionTag';
import { type Check, type Finding, good, missing, problem, type Setup } from './setup';

const DAY_MS = 86_400_000;
/** How long before the end of an access or a token the check warns. */
const TOOLS_WARNING_MS = 2 * DAY_MS;
const TOKEN_WARNING_MS = 14 * DAY_MS;

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const endsOrEnded = (ms: number) => `${ms <= Date.now() ? 'ended' : 'ends'} on ${dayOf(ms)}`;

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

/** @returns how many conversations a version that n8n has deployed takes at once, as a sentence after one that has no full stop */
function capacityOf(version: IDataObject): string {
	const count = conversationsAtOnce(version);
	return count === undefined
		? ". How many conversations it takes at once isn't known: deploy it again to have that said"
		: `. It takes ${count} conversations at once`;
}

/** The checks of what calls need, by the names and in the order of the output. */
export const CALL_CHECKS: Record<string, Check> = {
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
};
