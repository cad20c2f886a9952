import { type INodeProperties } from 'n8n-workflow';
import { pairsField } from './keyValue';
import { locator } from './locators';

/** Stands for a tool that "From List" does not know. No URL, so that nothing is started without its tools. */
export const TOOL_NOT_LISTED = 'not-listed';

/** Where agents find their tools. */
export const AGENT_TOOLS = {
	displayName: 'Agent Tools',
	name: 'agentTools',
	groupName: 'tools',
	entryName: 'tool',
};

/** The pairs that come with each call of a tool, and with the events of a session. */
export const TOOLS_CONTEXT = {
	displayName: 'Context',
	pairsName: 'context',
	groupName: 'entries',
	keyName: 'key',
};

export const DEFAULT_TOOLS_VALID_FOR_HOURS = 24;
export const MAX_TOOLS_VALID_FOR_HOURS = 24 * 366;

/** How long the tools can be used: an option of what hands them over. */
export const TOOLS_VALID_FOR: INodeProperties = {
	displayName: 'Tools Valid For',
	name: 'toolsValidFor',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_TOOLS_VALID_FOR_HOURS, numberPrecision: 0 },
	default: DEFAULT_TOOLS_VALID_FOR_HOURS,
	hint: 'In hours',
	description: 'Time in hours for which the agent can use its tools. Should cover the longest conversation.',
};

/** The field of one tool. */
const toolField = locator({
	displayName: 'Tool',
	name: AGENT_TOOLS.entryName,
	description: 'A published VideoSDK Agent Cloud Tool Trigger with the same credential',
	searchListMethod: 'searchAgentTools',
	listPlaceholder: 'Select a tool...',
	entered: ['By URL', 'url'],
	placeholder: 'e.g. https://n8n.example.com/webhook/.../mcp',
	enteredHint:
		'The Production URL of a published tool trigger. Agents in the cloud cannot reach localhost or private addresses.',
	// Not required by n8n: a workflow with both could not be published, and a tool is listed only once it is. The reader refuses it.
	isOptional: true,
	builderHint:
		'Leave it empty for the user to select the tool from the list once its workflow is published. Never make a URL up.',
});

/** The tools that the agent can use. */
const agentToolsField: INodeProperties = {
	displayName: AGENT_TOOLS.displayName,
	name: AGENT_TOOLS.name,
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	placeholder: 'Add Tool',
	default: {},
	description:
		'Workflows that the agent can ask during the conversation. Each begins with a VideoSDK Agent Cloud Tool Trigger that uses the same credential.',
	options: [{ displayName: 'Tool', name: AGENT_TOOLS.groupName, values: [toolField] }],
};

/**
 * Makes the field of what is pinned.
 *
 * @param also with what it comes out, beside each call of a tool
 */
const contextField = (also = ''): INodeProperties =>
	pairsField(TOOLS_CONTEXT, {
		entry: 'Entry',
		pairs: `What the workflow of a tool needs to know and the caller must not change, such as a customer number: it comes out of the trigger as <code>context</code>${also}. VideoSDK and the agent can read it.`,
		nameExample: 'customerId',
	});

/** The tools that the agent can use, and what is pinned for them. The context is always shown: n8n drops what it does not show. */
export const AGENT_TOOLS_FIELDS: INodeProperties[] = [agentToolsField, contextField()];

/** As AGENT_TOOLS_FIELDS, where a webhook has the same context. */
export const AGENT_TOOLS_FIELDS_OF_WEBHOOK: INodeProperties[] = [
	agentToolsField,
	contextField(', also with each event sent to the Webhook URL, which may have 512 characters in all'),
];
