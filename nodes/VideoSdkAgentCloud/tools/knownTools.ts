import { type IHookFunctions } from 'n8n-workflow';
import { TEST_URL } from '../webhook/address';
import { type KnownNode, KnownNodes } from '../webhook/knownNodes';
import { toolPath } from './token';

interface OfTool {
	toolName: string;
	/** How long an agent is to wait for its answer. */
	timeoutS: number;
}

/** A tool trigger of this n8n instance. */
export type KnownTool = KnownNode & OfTool;

const known = new KnownNodes<OfTool>();

/** Keeps a tool that is published or listens for a test call. */
export function rememberTool(context: IHookFunctions, tool: OfTool): void {
	const url = String(context.getNodeWebhookUrl('default')).replace(TEST_URL, '/webhook/');
	const isPublished = context.getMode() !== 'manual' || known.get(context)?.isPublished === true;
	known.keep(context, { ...tool, url, isPublished });
}

/** Keeps that a tool is not published any more. The end of listening for a test call changes nothing. */
export function rememberUnpublishedTool(context: IHookFunctions): void {
	const tool = known.get(context);
	if (tool && tool.url === context.getNodeWebhookUrl('default')) tool.isPublished = false;
}

/** @returns the tools that use a credential, see `KnownNodes` */
export function knownTools(credential: string): KnownTool[] {
	return known.ofCredential(credential);
}

/** @returns the tool that a token for a URL would be for, if this process knows it: n8n may be reached by several names */
export function knownToolAt(url: string): KnownTool | undefined {
	const path = toolPath(url);
	return known.all().find((tool) => toolPath(tool.url) === path);
}
