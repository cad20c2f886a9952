import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CREDENTIAL_TYPE, PACKAGE } from '../e2e/nodes';
import { PlainError, repositoryRoot } from '../n8n/processes';
import type { WorkflowJson, WorkflowNode } from '../n8n/rest';

export const SESSION_EXAMPLE = 'start-and-react.json';
export const EVENTS_EXAMPLE = 'start-and-react-events.json';
export const CALL_EXAMPLE = 'call-extract-crm.json';
export const TOOL_EXAMPLE = 'order-status-by-phone.json';

/** In which example a user selects what another one offers: its tools, or its trigger. */
export const SELECTED: Record<string, string> = {
	[SESSION_EXAMPLE]: EVENTS_EXAMPLE,
	[CALL_EXAMPLE]: TOOL_EXAMPLE,
	'tool-access.json': TOOL_EXAMPLE,
	'receptionist-agent.json': 'receptionist.json',
	'calls-from-a-table.json': 'calls-from-a-table-tool.json',
	'calls-on-several-lines.json': 'calls-from-a-table-tool.json',
	'appointment-by-phone.json': 'appointment-by-phone-tools.json',
};

const folder = join(repositoryRoot, 'examples');

/** What a newcomer should try, first things first. */
const FIRST_EXAMPLES = [CALL_EXAMPLE, 'calls-from-a-table.json', 'ask-everyone-in-a-table.json'];

/** In the order in which they are added: n8n's list begins with what was added last. */
export const EXAMPLES = readdirSync(folder)
	.filter((file) => file.endsWith('.json') && !FIRST_EXAMPLES.includes(file))
	.sort()
	.concat([...FIRST_EXAMPLES].reverse());

export const readExample = (file: string) =>
	JSON.parse(readFileSync(join(folder, file), 'utf8')) as WorkflowJson;

export const isAction = ({ type }: WorkflowNode) =>
	['', 'Tool', 'HitlTool'].some((kind) => type === `${PACKAGE}.videoSdkAgentCloud${kind}`);
export const isOurs = ({ type }: WorkflowNode) => type.startsWith(`${PACKAGE}.`);
export const isHttpRequest = ({ parameters }: WorkflowNode) =>
	parameters.nodeCredentialType === CREDENTIAL_TYPE;
export const isChatModel = ({ type }: WorkflowNode) => type.endsWith('.lmChatOpenAi');
export const isEmail = ({ type }: WorkflowNode) => type.endsWith('.emailSend');
export const isTrigger = ({ type }: WorkflowNode) => type === `${PACKAGE}.videoSdkAgentCloudTrigger`;
const isToolTrigger = ({ type }: WorkflowNode) => type === `${PACKAGE}.videoSdkAgentCloudMcpTrigger`;

/** @returns whether a node does this, as `resource:operation` */
export const does = (operation: string) => (node: WorkflowNode) =>
	isAction(node) && `${String(node.parameters.resource)}:${String(node.parameters.operation)}` === operation;

/** @throws PlainError if a workflow has no such node */
export function theNode(workflow: WorkflowJson, fits: (node: WorkflowNode) => boolean): WorkflowNode {
	const node = workflow.nodes.find(fits);
	if (!node) throw new PlainError(`A node is missing in the example "${workflow.name}".`);
	return node;
}

/** What can be selected in other workflows: where each of our triggers receives, and what the list calls it. */
export const offered = ({ name, nodes }: WorkflowJson): Array<{ path: string; listedAs: string }> =>
	nodes
		.filter((node) => isTrigger(node) || isToolTrigger(node))
		.map((node) => ({
			path: `${node.webhookId}/${isTrigger(node) ? 'webhook' : 'mcp'}`,
			listedAs: isTrigger(node) ? name : `${String(node.parameters.toolName)}: ${name}`,
		}));

/** @returns the paths of our triggers after `/webhook/` */
export const pathsOf = (workflow: WorkflowJson): string[] => offered(workflow).map(({ path }) => path);
