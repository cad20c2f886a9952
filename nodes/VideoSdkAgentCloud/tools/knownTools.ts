import { type IHookFunctions } from 'n8n-workflow';
import { credentialId } from '../api/credential';
import { TEST_URL } from '../webhook/address';

/** A tool trigger of this n8n instance. */
export interface KnownTool {
	/** Its Production URL. */
	url: string;
	toolName: string;
	/** How long an agent is to wait for its answer. */
	timeoutS: number;
	workflowId: string;
	workflowName: string;
	credentialId: string;
	isPublished: boolean;
}

const MAX_KNOWN = 1_000;

/** The tool triggers that this process knows, by workflow and node. It learns of them when n8n calls their hooks. */
const known = new Map<string, KnownTool>();

const keyOf = (context: IHookFunctions) => `${context.getWorkflow().id}:${context.getNode().id}`;

/** Keeps a tool that is published or listens for a test call. */
export function rememberTool(context: IHookFunctions, tool: Pick<KnownTool, 'toolName' | 'timeoutS'>): void {
	const url = String(context.getNodeWebhookUrl('default'));
	const key = keyOf(context);
	const isPublished = context.getMode() !== 'manual' || known.get(key)?.isPublished === true;
	const { id: workflowId = '', name: workflowName = '' } = context.getWorkflow();
	known.delete(key);
	if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value as string);
	known.set(key, {
		...tool,
		url: url.replace(TEST_URL, '/webhook/'),
		workflowId,
		workflowName,
		credentialId: credentialId(context),
		isPublished,
	});
}

/** Keeps that a tool is not published any more. The end of listening for a test call changes nothing. */
export function rememberUnpublishedTool(context: IHookFunctions): void {
	const tool = known.get(keyOf(context));
	if (tool && tool.url === context.getNodeWebhookUrl('default')) tool.isPublished = false;
}

/** @returns the tools that use a credential: published ones first, by name */
export function knownTools(credential: string): KnownTool[] {
	return [...known.values()]
		.filter((tool) => tool.credentialId === credential)
		.sort(
			(a, b) =>
				Number(b.isPublished) - Number(a.isPublished) ||
				a.workflowName.localeCompare(b.workflowName) ||
				a.toolName.localeCompare(b.toolName),
		);
}

/** @returns the tool at a URL, if this process knows it */
export function knownToolAt(url: string): KnownTool | undefined {
	return [...known.values()].find((tool) => tool.url === url);
}
