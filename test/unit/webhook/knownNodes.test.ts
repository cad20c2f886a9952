/** What a process knows of its triggers and tools is never in the way of publishing or of handing over a tool. */
import type { IHookFunctions } from 'n8n-workflow';
import {
	findTool,
	isTakenByAnother,
	knownTriggers,
	rememberNode,
} from '../../../nodes/VideoSdkAgentCloud/webhook/knownNodes';
import { toolPath } from '../../../nodes/VideoSdkAgentCloud/tools/token';
import { NODE } from '../support';

/** @param url as n8n gives it, which begins with its WEBHOOK_URL. @param connected the nodes of its workflow that lead to others */
const hookContext = (id: string, url: string, workflowId = id, connected: string[] = []) =>
	({
		getMode: () => 'trigger',
		getNode: () => ({ ...NODE, id, name: id }),
		getNodeWebhookUrl: () => url,
		getWorkflow: () => ({ id: workflowId, name: 'Orders', active: true }),
		getChildNodes: (name: string) => (connected.includes(name) ? ['next'] : []),
	}) as unknown as IHookFunctions;

it('A WEBHOOK_URL without https:// keeps no one from unpublishing, or from handing over another tool', () => {
	const url = 'n8n.example.com/webhook/1/events';
	const trigger = hookContext('trigger', url);
	rememberNode(trigger, { events: [] });
	rememberNode(hookContext('tool', url), { toolName: 'find_order', timeoutS: 20, key: {} as never });
	const good = 'https://n8n.example.com/webhook/2/mcp';
	rememberNode(hookContext('other tool', good), { toolName: 'other', timeoutS: 20, key: {} as never });
	expect(isTakenByAnother(trigger, url)).toBe(false);
	// It is shown: whoever selects it learns what its URL lacks.
	expect(knownTriggers('credential-1')).toMatchObject([{ url }]);
	expect(findTool((tool) => toolPath(tool.url) === toolPath(good))?.toolName).toBe('other');
});

it.each([
	['in its workflow', 'orders', ['first'], true],
	['in its workflow, where the first one is gone', 'orders', [], false],
	['in another workflow', 'returns', ['first'], false],
])('A copy of a trigger that has its URL is refused (%s)', (_what, workflowId, connected, isRefused) => {
	const url = `https://n8n.example.com/webhook/${workflowId}${connected.length}/mcp`;
	const own = { toolName: 'find_order', timeoutS: 20, key: {} as never };
	rememberNode(hookContext('first', url, 'orders', ['first']), own);
	const publish = () => rememberNode(hookContext('copy', url, workflowId, connected), own);
	if (isRefused) expect(publish).toThrow(/'copy' has the same URL as 'first'/);
	else expect(publish).not.toThrow();
});
