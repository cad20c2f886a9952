import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';
import { credentialId } from '../api/http/credential';
import { PerNode } from '../n8n/boundedStores';
import { webhookPath } from '../security/publicAddress';
import { type SigningKey } from '../security/signedEnvelope';

/** A trigger or tool trigger of this n8n instance. */
export interface KnownNode {
	url: string;
	workflowId: string;
	workflowName: string;
	nodeName: string;
	credentialId: string;
	isPublished: boolean;
	/** Set if this process has published the node. If it has only received a request for it, it can't notice that the node is gone. */
	isPublishedHere?: true;
}

/** What a trigger has in addition: the names of its events. */
type OfTrigger = { events: string[] };
/** What a tool trigger has in addition: how long an agent waits for its answer, and the key of its credential when it was published. */
type OfTool = { toolName: string; timeoutS: number; key: SigningKey };

export type KnownTrigger = KnownNode & OfTrigger;
export type KnownTool = KnownNode & OfTool;

/**
 * The triggers and tool triggers that this process knows. They are remembered, because no interface of n8n lists workflows to a node
 * (`ILoadOptionsFunctions` has requests, credentials and data tables, but no workflows). A process knows a node once n8n has called its
 * hooks, for publishing, unpublishing or a start, or it has received a request for it.
 */
const known = new PerNode<{ node?: KnownTrigger | KnownTool }>(() => ({}));

/** @returns whether n8n calls a hook because it starts, or another main process takes over, and not because someone publishes */
export function isStartOfN8n(context: IHookFunctions): boolean {
	return ['init', 'leadershipChange'].includes(context.getActivationMode());
}

/** Remembers a node that is published, and not one that listens for a test request. */
function remember(
	context: IHookFunctions | IWebhookFunctions,
	node: (OfTool | OfTrigger) & Partial<KnownNode>,
): void {
	if (context.getMode() === 'manual') return;
	const url = String(context.getNodeWebhookUrl('default'));
	const { id: workflowId = '', name: workflowName = '' } = context.getWorkflow();
	const { name: nodeName } = context.getNode();
	const names = { workflowId, workflowName, nodeName, credentialId: credentialId(context) };
	known.of(context).node = { url, ...node, ...names, isPublished: true };
}

/** Remembers a node that this process publishes. */
export function rememberNode(context: IHookFunctions, own: OfTool | OfTrigger): void {
	remember(context, { ...own, isPublishedHere: true });
}

/**
 * Notes that a node is unpublished, as n8n also does before it deletes one. A trigger is then forgotten. A tool isn't, so that a call with
 * a tool that is gone is refused.
 */
export function rememberUnpublished(context: IHookFunctions): void {
	const entry = known.of(context);
	const { node } = entry;
	// If the node has only stopped listening at its Test URL, it's still published.
	if (node === undefined || node.url !== context.getNodeWebhookUrl('default')) return;
	if ('toolName' in node) node.isPublished = false;
	else entry.node = undefined;
}

/** Remembers a trigger that has received an event. A known one may have been changed in another process, whose hooks n8n has called. */
export function rememberDelivery(context: IWebhookFunctions, own: OfTrigger): void {
	remember(context, { ...known.of(context).node, ...own });
}

const all = () => known.all().flatMap(({ node }) => node ?? []);
const triggers = () => all().filter((node): node is KnownTrigger => 'events' in node);
const tools = () => all().filter((node): node is KnownTool => 'toolName' in node);

/** @returns the nodes that use a credential, published ones first, by the names of workflow and node */
function ofCredential<N extends KnownNode>(nodes: N[], credential: string): N[] {
	return nodes
		.filter((node) => node.credentialId === credential)
		.sort(
			(a, b) =>
				Number(b.isPublished) - Number(a.isPublished) ||
				a.workflowName.localeCompare(b.workflowName) ||
				a.nodeName.localeCompare(b.nodeName),
		);
}

/** @returns the triggers that use a credential, in the order in which they are shown */
export function knownTriggers(credential: string): KnownTrigger[] {
	return ofCredential(triggers(), credential);
}

/** @returns the tools that use a credential, in the order in which they are shown */
export function knownTools(credential: string): KnownTool[] {
	return ofCredential(tools(), credential);
}

/** @returns a tool for which `test` holds, whatever its credential. If there are several, as after a second import, it's a published one */
export function findTool(test: (tool: KnownTool) => boolean): KnownTool | undefined {
	const found = tools().filter(test);
	return found.find(({ isPublished }) => isPublished) ?? found[0];
}

/**
 * @param url the trigger's URL, whose host doesn't matter, because n8n may have several names, and the path holds a unique ID
 * @returns the published trigger, whatever its credential
 */
export function findPublished(url: string): KnownTrigger | undefined {
	return triggers().find((one) => one.isPublished && webhookPath(one.url) === webhookPath(url));
}
