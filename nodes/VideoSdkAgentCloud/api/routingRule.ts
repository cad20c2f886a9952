import { type IDataObject, jsonParse } from 'n8n-workflow';
import { asRecord, omit, pick, recordWith } from './http/responseReaders';
import { type ApiRequest, type Send } from './http/client';
import { parseWithoutTools, TASK_ENTRY, TOOLS_ENTRY } from '../security/redactTokens';

const ruleRequest = (method: ApiRequest['method'], id: string, body?: IDataObject): ApiRequest => ({
	method,
	path: ['v2', 'sip', 'routing-rule', id],
	body,
	// A change sends everything that the rule hands to its agent back to VideoSDK, so nothing may be removed from it.
	keepsTools: true,
	holdsSecrets: true,
});

/** The flags that VideoSDK may reset if a change omits them, as it does for gateways (@videosdk.live/server-sdk, index.mjs). */
const FLAGS = ['recording', 'dtmf', 'noiseCancellation', 'hidePhoneNumber'];

/**
 * Fetches a rule with the tokens that it hands to its agent. For an output, they have to be removed, see `shownRule`. Metadata that comes
 * as JSON text is parsed, because a change would otherwise lose what the user has entered there.
 */
export async function fetchRule(send: Send, id: string): Promise<IDataObject> {
	const rule = await send(ruleRequest('GET', id), recordWith(['id']));
	const { agentMetadata } = rule;
	if (typeof agentMetadata !== 'string') return rule;
	return { ...rule, agentMetadata: asRecord(jsonParse(agentMetadata, { fallbackValue: null })) };
}

/** @returns what a rule tells its agent to do. @param rule the result of `fetchRule` */
export const taskOf = (rule: IDataObject): IDataObject => asRecord(asRecord(rule.agentMetadata)[TASK_ENTRY]);

/** @returns the rule for an output, without its agent's tools and their tokens */
export function shownRule(rule: IDataObject): IDataObject {
	const shown = parseWithoutTools(JSON.stringify(rule)) as IDataObject;
	const task = taskOf(rule);
	if (Object.keys(task).length === 0) return shown;
	// Unlike in the metadata of calls, the task is what the output is about.
	return { ...shown, agentMetadata: { ...asRecord(shown.agentMetadata), [TASK_ENTRY]: task } };
}

/** @returns the tokens of the tools that a rule hands to its agent. @param rule the result of `fetchRule` */
export function tokensOf(rule: IDataObject): string[] {
	const tools = asRecord(rule.agentMetadata)[TOOLS_ENTRY];
	const all = Array.isArray(tools) ? tools.map(asRecord) : [];
	return all.map(({ headers }) => String(asRecord(headers).Authorization).replace(/^Bearer /, ''));
}

/** What to change in a rule. Undefined: it stays as it is. */
export interface AgentOfRule {
	agentId?: string;
	/** The entries of the task to change. The others stay. */
	task?: IDataObject;
	/** The names of the task's entries to remove. */
	clear?: string[];
	tools?: IDataObject[];
	/** The time zone in which the agent talks if neither the task nor the rule has one. */
	timeZone?: string;
}

/** @returns the body of the request that changes the rule's agent and nothing else */
export function changeOf(
	rule: IDataObject,
	{ agentId, task, clear = [], tools, timeZone }: AgentOfRule,
): IDataObject {
	const former = omit(taskOf(rule), clear);
	const changed = { ...(timeZone !== undefined && { timeZone }), ...former, ...task };
	return {
		agentId: agentId ?? rule.agentId,
		agentMetadata: {
			...asRecord(rule.agentMetadata),
			...(Object.keys(changed).length > 0 && { [TASK_ENTRY]: changed }),
			...(tools && { [TOOLS_ENTRY]: tools }),
		},
		...pick(rule, FLAGS),
	};
}

/** Changes a rule. @param change the result of `changeOf` */
export async function changeRule(send: Send, id: string, change: IDataObject): Promise<void> {
	await send(ruleRequest('PATCH', id, change), () => true);
}

const asText = (value: unknown) => JSON.stringify(value ?? null);

/** @returns the names of the fields of a change in which a rule then isn't as asked. Others may be derived by VideoSDK */
export const differences = (change: IDataObject, after: IDataObject): string[] =>
	Object.keys(change).filter((name) => asText(sorted(change[name])) !== asText(sorted(after[name])));

/** @returns a value whose objects have their entries in alphabetical order, so that equal values are equal as JSON */
function sorted(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).map(([name, one]) => [name, sorted(one)] as const);
	return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
