import {
	type IDataObject,
	type ILoadOptionsFunctions,
	type INodePropertyOptions,
	NodeOperationError,
} from 'n8n-workflow';
import { AGENT_DEPLOYMENTS } from '../api/agents';
import { isCallOver } from '../api/callOutcome';
import { CALLS } from '../api/calls';
import { clientOf } from '../api/http/client';
import { listRecords } from '../api/http/pagination';
import { DEPLOYMENTS, hasStatus, SESSIONS, TERMINAL_STATUSES } from '../api/sessions';
import {
	ALL_ROUTING_RULES,
	fetchNumbersOfRule,
	isInbound,
	isSameNumber,
	numbersOf,
	PHONE_NUMBERS,
	ROUTING_RULES,
} from '../api/telephony';
import { trimmed } from '../api/http/responseReaders';
import { unwrap } from '../fields/kit/values';
import { entryOf, type ListSearch, matches, searchOf } from './searchResults';

/** @returns the value of another field of the node; empty if it has none. An expression isn't evaluated while the node is edited */
function selectedIn(context: ILoadOptionsFunctions, name: string): string {
	return trimmed(unwrap(context.getCurrentNodeParameter(name)));
}

/** @returns the entry of a call or session: `parts`, its start such as "2026-01-15 09:30", and the beginning of its ID */
function conversationEntry(id: unknown, start: unknown, ...parts: unknown[]) {
	const time = String(start ?? '').replace(/^([\d-]+)T([\d:]{5}).*$/, '$1 $2');
	return entryOf(id, ...parts, time, String(id).slice(0, 8));
}

/** Makes a comparison that sorts records that are over to the end. */
const lastIf =
	(isOver: (row: IDataObject) => boolean) =>
	(a: IDataObject, b: IDataObject): number =>
		Number(isOver(a)) - Number(isOver(b));

/** @returns all deployments by name, each with its tags, for each of which the API's list has a row */
async function fetchDeployments(context: ILoadOptionsFunctions) {
	const deployments = new Map<string, { id: string; name: string; tags: string[] }>();
	for (const { id, name, tag } of await listRecords(clientOf(context), DEPLOYMENTS, Infinity)) {
		if (typeof id !== 'string' || id === '') continue;
		const deployment = deployments.get(id) ?? { id, name: String(name || id), tags: [] };
		if (tag) deployment.tags.push(String(tag));
		deployments.set(id, deployment);
	}
	return [...deployments.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Searches the deployments, which are shown with their tags. */
export const searchDeployments: ListSearch = async function (filter = '') {
	const results = (await fetchDeployments(this)).map(({ id, name, tags }) => ({
		name: tags.length === 0 ? name : `${name} (${tags.join(', ')})`,
		value: id,
	}));
	return { results: results.filter(({ name, value }) => matches(filter, name, value)) };
};

/** @returns all deployments, for a field with several choices */
export async function getDeployments(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return (await fetchDeployments(this)).map(({ id, name }) => ({ name, value: id }));
}

/** Searches the tags of the selected deployment. */
export const searchTags: ListSearch = async function (filter, paginationToken) {
	const deploymentId = selectedIn(this, 'deploymentId');
	if (deploymentId === '' || deploymentId.startsWith('=')) {
		throw new NodeOperationError(
			this.getNode(),
			deploymentId === ''
				? "Select a 'Deployment' first"
				: "'Deployment' is an expression, so its tags can't be listed. Select 'By Name' and enter the tag",
		);
	}
	const search = searchOf(
		DEPLOYMENTS,
		({ id, tag }) => (id === deploymentId ? entryOf(tag) : undefined),
		(a, b) => String(a.tag).localeCompare(String(b.tag), 'en', { numeric: true }),
	);
	return await search.call(this, filter, paginationToken);
};

/** Searches the agents that are deployed to VideoSDK's cloud. */
export const searchAgents = searchOf(AGENT_DEPLOYMENTS, ({ agentId, name }) =>
	entryOf(agentId, name, agentId),
);

/** Searches the calls by the other side's number. Those that aren't over come first. */
export const searchCalls = searchOf(
	CALLS,
	({ callId, direction, to, from, status, start }) => {
		const number = direction === 'inbound' ? from && `From ${String(from)}` : to && `To ${String(to)}`;
		return conversationEntry(callId, start, number, status);
	},
	lastIf(isCallOver),
);

/** Searches the sessions by deployment and status. Those that haven't ended come first. */
export const searchSessions = searchOf(
	SESSIONS,
	({ sessionId, deploymentId, status, start, createdAt }) =>
		conversationEntry(sessionId, start ?? createdAt, deploymentId, status),
	lastIf((session) => hasStatus(session, TERMINAL_STATUSES)),
);

const numberEntry = ({ id, name }: IDataObject) => entryOf(id, name, id);

/** @returns all phone numbers of the project, for a field with several choices */
export async function getPhoneNumbers(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	const rows = await listRecords(clientOf(this), PHONE_NUMBERS, Infinity);
	return rows.flatMap((row) => numberEntry(row) ?? []);
}

const searchAllNumbers = searchOf(PHONE_NUMBERS, numberEntry);

/** Searches the outbound routing rules, which are shown with the first of their numbers. */
export const searchRoutingRules = searchOf(ROUTING_RULES, (rule) => {
	// The API may ignore the filter by type.
	if (isInbound(rule)) return undefined;
	const [first, ...others] = numbersOf(rule);
	return entryOf(rule.id, rule.name, others.length > 0 ? `${first} +${others.length}` : first);
});

/** Searches all routing rules, which are shown with their direction. */
export const searchExistingRules = searchOf(ALL_ROUTING_RULES, ({ id, name, type, numbers }) =>
	entryOf(id, name, type, numbersOf({ numbers })[0]),
);

/** Searches the phone numbers of the selected routing rule, or all of the project if no rule is selected, or the rule names none. */
export const searchPhoneNumbers: ListSearch = async function (filter = '', paginationToken) {
	const routingRuleId = selectedIn(this, 'routingRuleId');
	const send = clientOf(this);
	const ofRule = routingRuleId === '' ? undefined : await fetchNumbersOfRule(send, routingRuleId);
	if (ofRule === undefined) return await searchAllNumbers.call(this, filter, paginationToken);
	// This adds the names of the numbers. If it fails, the rule's numbers are shown without names.
	const all = await listRecords(send, PHONE_NUMBERS, Infinity).catch((): IDataObject[] => []);
	const rows = ofRule.map(
		(number) => all.find(({ id }) => isSameNumber(String(id), number)) ?? { id: number },
	);
	const results = rows.flatMap((row) => numberEntry(row) ?? []);
	return { results: results.filter(({ name }) => matches(filter, name)) };
};
