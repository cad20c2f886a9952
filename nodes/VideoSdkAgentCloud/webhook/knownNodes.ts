import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';
import { credentialId } from '../api/http/credential';
import { PerNode } from '../n8n/boundedStores';
import { webhookPath } from '../security/publicAddress';
import { type SigningKey } from '../security/signedEnvelope';

/** A node of this n8n instance that is reached at a URL. */
export interface KnownNode {
	/** Its Production URL. */
	url: string;
	workflowId: string;
	workflowName: string;
	nodeName: string;
	credentialId: string;
	isPublished: boolean;
	/** This process published the node itself. Otherwise it only saw a request arrive, and never learns that the node is gone. */
	isOwn?: true;
}

/**
 * What differs between a trigger, by the names of its events, and a tool trigger, by how long an agent is to wait for its answer, and the
 * key that its credential gave when it was published.
 */
type OfTrigger = { events: string[] };
type OfTool = { toolName: string; timeoutS: number; key: SigningKey };

/** A trigger of this n8n instance. */
export type KnownTrigger = KnownNode & OfTrigger;
/** A tool trigger of this n8n instance. */
export type KnownTool = KnownNode & OfTool;

/**
 * The triggers and tool triggers that this process knows. No n8n interface lists workflows to a node, or says
 * whether one still exists: `ILoadOptionsFunctions` offers requests, credentials and data tables. A process
 * learns of a node when n8n calls its hooks (publishing, unpublishing, starting), and from requests that it receives.
 */
const known = new PerNode<{ node?: KnownTrigger | KnownTool }>(() => ({}));

/** @returns whether n8n calls a hook because it starts, or another main process takes over, not because someone publishes */
export function isStartOfN8n(context: IHookFunctions): boolean {
	return ['init', 'leadershipChange'].includes(context.getActivationMode());
}

/** Keeps a node that is published, not one that listens for a test request. */
function keep(
	context: IHookFunctions | IWebhookFunctions,
	node: (OfTool | OfTrigger) & Partial<KnownNode>,
): void {
	if (context.getMode() === 'manual') return;
	const url = String(context.getNodeWebhookUrl('default'));
	const { id: workflowId = '', name: workflowName = '' } = context.getWorkflow();
	const { name: nodeName } = context.getNode();
	const place = { workflowId, workflowName, nodeName, credentialId: credentialId(context) };
	known.of(context).node = { url, ...node, ...place, isPublished: true };
}

/** Keeps a node that this process publishes. */
export function rememberNode(context: IHookFunctions, own: OfTool | OfTrigger): void {
	keep(context, { ...own, isOwn: true });
}

/**
 * Keeps that a node is unpublished (n8n unpublishes what is deleted, too). A trigger is forgotten then. A tool is
 * not: a call that names one which is gone is refused.
 */
export function rememberUnpublished(context: IHookFunctions): void {
	const kept = known.of(context);
	const { node } = kept;
	// The end of listening at the Test URL changes nothing.
	if (node === undefined || node.url !== context.getNodeWebhookUrl('default')) return;
	if ('toolName' in node) node.isPublished = false;
	else kept.node = undefined;
}

/** Keeps a trigger that has received an event. One that is known may have been changed: n8n calls no hook of this process then. */
export function rememberDelivery(context: IWebhookFunctions, own: OfTrigger): void {
	keep(context, { ...known.of(context).node, ...own });
}

const all = () => known.all().flatMap(({ node }) => node ?? []);
const triggers = () => all().filter((node): node is KnownTrigger => 'events' in node);
const tools = () => all().filter((node): node is KnownTool => 'toolName' in node);

/** @returns those that use a credential: published ones first, by name of workflow and node */
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

/** @returns a tool for which `test` holds, whatever its credential: the published one, if it was moved or imported again */
export function findTool(test: (tool: KnownTool) => boolean): KnownTool | undefined {
	const found = tools().filter(test);
	return found.find(({ isPublished }) => isPublished) ?? found[0];
}

/**
 * @param url whose host does not matter: n8n may be reached by several names, and the path holds an ID of its own
 * @returns the published trigger of a URL, whatever its credential
 */
export function findPublished(url: string): KnownTrigger | undefined {
	return triggers().find((one) => one.isPublished && webhookPath(one.url) === webhookPath(url));
}
