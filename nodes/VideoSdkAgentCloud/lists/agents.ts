import { AGENT_DEPLOYMENTS } from '../api/agents';
import { entryOf, searchOf } from './searchResults';

/** The agents that are deployed to VideoSDK's cloud. */
export const searchAgents = searchOf(AGENT_DEPLOYMENTS, ({ agentId, name }) =>
	entryOf(agentId, name, agentId),
);
