/** What a process knows of its triggers and tools is never in the way of publishing or of handing over a tool. */
import type { IHookFunctions } from 'n8n-workflow';
import { findTool, knownTriggers, rememberNode } from '../../../nodes/VideoSdkAgentCloud/webhook/knownNodes';
import { toolPath } from '../../../nodes/VideoSdkAgentCloud/agentTools/accessToken';
import { NODE } from '../support';

/** @param url as n8n gives it, which begins with its WEBHOOK_URL */
const hookContext = (id: string, url: string) =>
	({
		getMode: () => 'trigger',
		getNode: () => ({ ...NODE, id }),
		getNodeWebhookUrl: () => url,
		getWorkflow: () => ({ id: 'workflow-1', name: 'Orders', active: true }),
	}) as unknown as IHookFunctions;

it('A WEBHOOK_URL without https:// keeps no one from handing over another tool', () => {
	const url = 'n8n.example.com/webhook/1/events';
	rememberNode(hookContext('trigger', url), { events: [] });
	rememberNode(hookContext('tool', url), { toolName: 'find_order', timeoutS: 20, key: {} as never });
	const good = 'https://n8n.example.com/webhook/2/mcp';
	rememberNode(hookContext('other tool', good), { toolName: 'other', timeoutS: 20, key: {} as never });
	// It is shown: whoever selects it learns what its URL lacks.
	expect(knownTriggers('credential-1')).toMatchObject([{ url }]);
	expect(findTool((tool) => toolPath(tool.url) === toolPath(good))?.toolName).toBe('other');
});
