import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { AGENT_DEPLOYMENTS } from '../api/agents';
import { searchRecords } from './searchResults';

/** The agents that are deployed to VideoSDK's cloud. */
export async function searchAgents(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	return await searchRecords(
		this,
		AGENT_DEPLOYMENTS,
		({ agentId, name }) =>
			typeof agentId === 'string' && agentId !== ''
				? { name: name ? `${String(name)} (${agentId})` : agentId, value: agentId }
				: undefined,
		filter,
		paginationToken,
	);
}
