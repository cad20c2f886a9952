import { type IDataObject } from 'n8n-workflow';
import { asRecord, pick, recordWith } from './http/responseReaders';
import { type ApiRequest, type Send } from './http/client';
import { parseWithoutTools, TASK_ENTRY, TOOLS_ENTRY } from '../security/redactTokens';

const ruleRequest = (method: ApiRequest['method'], id: string, body?: IDataObject): ApiRequest => ({
	method,
	path: ['v2', 'sip', 'routing-rule', id],
	body,
	// What the rule hands to its agent goes back to VideoSDK with a change.
	keepsTools: true,
	holdsSecrets: true,
});

/** What VideoSDK may set back if a change omits it: of gateways it does (`index.d.ts` of the official SDK). */
const FLAGS = ['recording', 'dtmf', 'noiseCancellation', 'hidePhoneNumber'];
/** What a change may change. */
const CHANGED = ['agentId', 'agentMetadata', 'updatedAt'];

/** Fetches a rule with all that it hands to its agent: no output may hold it as it is, see `shownRule`. */
export async function fetchRule(send: Send, id: string): Promise<IDataObject> {
	return await send(ruleRequest('GET', id), recordWith(['id']));
}

/** @returns a rule as people may see it: without its agent's tools and their tokens */
export const shownRule = (rule: IDataObject): IDataObject =>
	parseWithoutTools(JSON.stringify(rule)) as IDataObject;

/** @returns the tokens of the tools that a rule hands to its agent, as `fetchRule` gives it */
export function tokensOf(rule: IDataObject): string[] {
	const tools = asRecord(rule.agentMetadata)[TOOLS_ENTRY];
	const all = Array.isArray(tools) ? tools.map(asRecord) : [];
	return all.map(({ headers }) => String(asRecord(headers).Authorization).replace(/^Bearer /, ''));
}

/** What is to be changed of a rule. Undefined: stays as it is. */
export interface AgentOfRule {
	agentId?: string;
	task?: IDataObject;
	tools?: IDataObject[];
}

/** @returns the body that gives a rule its agent, and nothing else of it */
export function changeOf(rule: IDataObject, { agentId, task, tools }: AgentOfRule): IDataObject {
	return {
		agentId: agentId ?? rule.agentId,
		agentMetadata: {
			...asRecord(rule.agentMetadata),
			...(task && { [TASK_ENTRY]: task }),
			...(tools && { [TOOLS_ENTRY]: tools }),
		},
		...pick(rule, FLAGS),
	};
}

export async function changeRule(send: Send, id: string, change: IDataObject): Promise<void> {
	await send(ruleRequest('PATCH', id, change), () => true);
}

const asText = (value: unknown) => JSON.stringify(value ?? null);

/** @returns the names of what differs between a rule as it should be after a change, and as it is */
export function differences(before: IDataObject, change: IDataObject, after: IDataObject): string[] {
	const wanted: IDataObject = { ...before, ...change };
	const names = [...new Set([...Object.keys(wanted), ...Object.keys(after)])].filter(
		(name) => !(CHANGED.includes(name) && !(name in change)),
	);
	return names.filter((name) => asText(sorted(wanted[name])) !== asText(sorted(after[name])));
}

/** Objects are the same in whatever order their entries come. */
function sorted(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).map(([name, one]) => [name, sorted(one)] as const);
	return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
