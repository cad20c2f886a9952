import { credentialId } from '../api/http/credential';
import { splitTimeout } from '../agentTools/timeout';
import { toolPath } from '../agentTools/accessToken';
import { isUnreachableFrom, originOf, WAITING_URL } from '../security/publicAddress';
import { type SigningKey } from '../security/signedEnvelope';
import { findTool } from '../webhook/knownNodes';
import { groupField } from './kit/field';
import { locator } from './kit/locators';
import { type CollectionReader, type ItemReader } from './kit/reader';

const toolField = locator('default', 'Tool', 'tool', {
	description: 'A published VideoSDK Agent Cloud Tool Trigger that uses the same credential',
	entered: ['By URL', 'url'],
	placeholder: 'e.g. https://n8n.example.com/webhook/.../mcp',
	enteredHint:
		"The Production URL of a published tool trigger. Agents can't reach localhost or private addresses.",
	// The field isn't required for n8n, because a workflow that holds both the call and the tool couldn't be published then, and a tool
	// is listed only once it's published. `readTool` refuses an empty field.
	builderHint:
		'Leave it empty for the user to select the tool from the list once its workflow is published. Never invent a URL.',
});

export const agentToolsField = groupField('default', 'Agent Tools', 'agentTools', {
	typeOptions: { multipleValues: true },
	placeholder: 'Add Tool',
	description:
		"Workflows that the agent can use while it talks, unless it was built in VideoSDK's dashboard. Each one starts with a VideoSDK Agent Cloud Tool Trigger that uses this credential.",
	options: [{ displayName: 'Tool', name: 'tools', values: [toolField] }],
});

/** A tool that is handed to an agent. */
export interface ChosenTool {
	url: string;
	/** How long the agent waits for its answer, in seconds. */
	timeoutS: number;
	/** The tool's name, if this process knows the tool. */
	toolName?: string;
	/** The key of the trigger's credential, if that isn't this node's. Both credentials may have the same key. */
	otherKey?: SigningKey;
	label: string;
}

/** @throws NodeOperationError if agents can't reach one of the tools */
export function checkReachable(
	read: ItemReader,
	baseUrl: unknown,
	tools: Array<Pick<ChosenTool, 'label' | 'url'>>,
): void {
	const unreachable = tools.find(({ url }) => isUnreachableFrom(url, baseUrl));
	if (unreachable === undefined) return;
	throw read.fail(
		`VideoSDK's agents can't reach ${unreachable.label} at ${originOf(unreachable.url)}`,
		`Give n8n a public URL ('Public URL' in the docs says how), and select any tools again. For this item, nothing was started.`,
	);
}

/** @returns what this process knows of the tool at a URL, whose host doesn't matter, because n8n may have several names */
export const toolAt = (url: string) => findTool((tool) => toolPath(tool.url) === toolPath(url));

/**
 * Reads one entry of `agentToolsField`.
 *
 * @param read the entry
 * @param number the number of the entry, counted from 1
 */
export function readTool(read: CollectionReader, number: number): ChosenTool {
	const label = `Tool ${number} in '${agentToolsField.displayName}'`;
	const text = read.url(
		toolField,
		"Publish the tool's workflow and select the tool, or paste the Production URL of its trigger.",
		label,
	);
	if (text === undefined) throw read.fail(`${label} is empty`, 'Select a tool, or remove the entry.');
	const { pathname, username, password } = new URL(text);
	if (!pathname.endsWith('/mcp') || username || password) {
		throw read.fail(
			`${label} must end with /mcp and contain no user name or password`,
			'Paste the Production URL of a VideoSDK Agent Cloud Tool Trigger. Agents can only talk to such a URL.',
		);
	}
	if (pathname.includes(WAITING_URL)) {
		throw read.fail(
			`${label} is the address of a waiting execution, which can't be used as a tool`,
			'Paste the Production URL of a VideoSDK Agent Cloud Tool Trigger.',
		);
	}
	const { url, timeoutS } = splitTimeout(text);
	const known = toolAt(url);
	if (known === undefined) return { url, timeoutS, label };
	const { toolName } = known;
	const named = `'${toolName}' in '${agentToolsField.displayName}'`;
	if (read.isFromList(toolField) && !known.isPublished) {
		throw read.fail(
			`${named} is no longer published`,
			`Publish the workflow '${known.workflowName}', or select a different tool.`,
		);
	}
	// The present timeout counts, because the trigger may have been changed since it was selected.
	return {
		url,
		timeoutS: known.timeoutS,
		toolName,
		...(known.isPublished && known.credentialId !== credentialId(read.context) && { otherKey: known.key }),
		label: named,
	};
}
