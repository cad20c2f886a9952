import { type ILoadOptionsFunctions, type INodeListSearchResult, NodeOperationError } from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { CREDENTIAL_TYPE, credentialId } from '../api/credential';
import { TOOL_NOT_LISTED } from '../fields/agentTools';
import { type KnownTool, knownTools } from '../tools/knownTools';
import { withTimeout } from '../tools/timeout';
import { isUnreachable } from '../webhook/address';
import { matches } from './searchResults';

/** The list shows about 50 characters of an entry. */
const NOT_LISTED_TEXT = "Not listed? Publish its workflow, or use 'By URL'";

function remarkOn(tool: KnownTool, isLocalApi: boolean): string {
	if (!tool.isPublished) return ' (not published)';
	return !isLocalApi && isUnreachable(tool.url) ? " (agents can't reach it)" : '';
}

/**
 * The tool triggers of this n8n instance that use the same credential. A process may not know all of them, which the last entry says:
 * it is no URL, so that a node in which it is selected fails before it starts anything.
 */
export async function searchAgentTools(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const credential = credentialId(this);
	if (credential === '') {
		throw new NodeOperationError(this.getNode(), 'Select a credential first', {
			description: 'The list shows the tools that use the same credential.',
		});
	}
	const { baseUrl } = await this.getCredentials(CREDENTIAL_TYPE);
	const isLocalApi = isUnreachable(readBaseUrl(baseUrl).href);
	const results = knownTools(credential)
		.filter(({ toolName, workflowName, url }) => matches(filter, toolName, workflowName, url))
		.map((tool) => ({
			name: `${tool.toolName}: ${tool.workflowName}${remarkOn(tool, isLocalApi)}`,
			value: withTimeout(tool.url, tool.timeoutS),
			url: `${this.getInstanceBaseUrl()}workflow/${tool.workflowId}`,
		}));
	return { results: [...results, { name: NOT_LISTED_TEXT, value: TOOL_NOT_LISTED }] };
}
