import { contextField } from './context';
import { groupField, numberField } from './field';
import { locator } from './locators';

/** The group of `agentToolsField`. */
export const TOOLS_GROUP = 'tools';

/** The value of "Not listed?". It isn't a URL, so nothing is started without its tools. */
export const TOOL_NOT_LISTED = 'not-listed';

const MAX_VALID_FOR_HOURS = 24 * 366;

/** How long the tools can be used: an option of what hands them over. */
export const toolsValidForField = numberField('default', 'Tools Valid For', 'toolsValidFor', {
	typeOptions: { minValue: 1, maxValue: MAX_VALID_FOR_HOURS, numberPrecision: 0 },
	default: 24,
	hint: 'In hours',
	description: 'How long the agent can use its tools. Make it longer than your longest conversation.',
});

/** One tool. */
export const toolField = locator('default', 'Tool', 'tool', {
	description: 'A published VideoSDK Agent Cloud Tool Trigger that uses the same credential',
	searchListMethod: 'searchAgentTools',
	listPlaceholder: 'Select a tool...',
	entered: ['By URL', 'url'],
	placeholder: 'e.g. https://n8n.example.com/webhook/.../mcp',
	enteredHint:
		"The Production URL of a published tool trigger. Agents can't reach localhost or private addresses.",
	// Not required by n8n: a workflow with both could not be published, and a tool is listed only once it is. The reader refuses it.
	builderHint:
		'Leave it empty for the user to select the tool from the list once its workflow is published. Never invent a URL.',
});

/** The tools that the agent can use. */
export const agentToolsField = groupField('default', 'Agent Tools', 'agentTools', {
	typeOptions: { multipleValues: true },
	placeholder: 'Add Tool',
	description:
		'Workflows that the agent can use. Each one starts with a VideoSDK Agent Cloud Tool Trigger with this credential.',
	options: [{ displayName: 'Tool', name: TOOLS_GROUP, values: [toolField] }],
});

/** The options of what hands tools over. */
export const TOOLS_OPTIONS = [contextField, toolsValidForField];
