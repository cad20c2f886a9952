import { searchTools } from './agentTools';
import { searchAgents } from './agents';
import { searchCalls } from './calls';
import { getDeployments, searchDeployments } from './deployments';
import { searchSessions } from './sessions';
import { searchTags } from './tags';
import { searchGateways, searchPhoneNumbers, searchRoutingRules } from './telephony';
import { searchTriggers } from './triggers';

/** What fills "From List" of locators, by the names that fields use in `searchListMethod`. */
export const LISTS = {
	searchAgents,
	searchTools,
	searchCalls,
	searchDeployments,
	searchGateways,
	searchPhoneNumbers,
	searchRoutingRules,
	searchSessions,
	searchTags,
	searchTriggers,
};

/** What fills fields in which several are chosen, by the names that fields use in `loadOptionsMethod`. */
export const LOAD_OPTIONS = { getDeployments };
