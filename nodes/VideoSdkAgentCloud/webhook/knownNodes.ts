import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';
import { credentialId } from '../api/credential';

type WebhookContext = IHookFunctions | IWebhookFunctions;

/** A node of this n8n instance that is reached at a URL. */
export interface KnownNode {
	/** Its Production URL. */
	url: string;
	workflowId: string;
	workflowName: string;
	nodeName: string;
	credentialId: string;
	isPublished: boolean;
}

const MAX_KNOWN = 1_000;

const keyOf = (context: WebhookContext) => `${context.getWorkflow().id}:${context.getNode().id}`;

/**
 * The nodes of one kind that this process knows, by workflow and node. No n8n interface lists workflows to a node, or says whether one
 * still exists: `ILoadOptionsFunctions` offers requests, credentials and data tables, on n8n 1.x and 2.x alike. A process learns of a
 * node when n8n calls its hooks (publishing, unpublishing, listening, starting), and from each request that it receives.
 */
export class KnownNodes<Own extends object> {
	private readonly known = new Map<string, KnownNode & Own>();

	get(context: WebhookContext): (KnownNode & Own) | undefined {
		return this.known.get(keyOf(context));
	}

	keep(context: WebhookContext, node: Own & Pick<KnownNode, 'url' | 'isPublished'>): void {
		const { id: workflowId = '', name: workflowName = '' } = context.getWorkflow();
		this.forget(context);
		if (this.known.size >= MAX_KNOWN) this.known.delete(this.known.keys().next().value as string);
		const { name: nodeName } = context.getNode();
		const place = { workflowId, workflowName, nodeName, credentialId: credentialId(context) };
		this.known.set(keyOf(context), { ...node, ...place });
	}

	/**
	 * Keeps a node that has received a request. One that is known may have been renamed: n8n calls no hook then.
	 *
	 * @param own what the node's parameters say
	 * @returns undefined if the request came to its Test URL
	 */
	received(context: IWebhookFunctions, own: Own): Pick<KnownNode, 'credentialId'> | undefined {
		if (context.getMode() === 'manual') return undefined;
		const node = this.get(context);
		if (!node?.isPublished) {
			const url = String(context.getNodeWebhookUrl('default'));
			this.keep(context, { ...node, ...own, url, isPublished: true });
			return this.get(context);
		}
		node.workflowName = context.getWorkflow().name ?? '';
		node.nodeName = context.getNode().name;
		return node;
	}

	forget(context: WebhookContext): void {
		this.known.delete(keyOf(context));
	}

	all(): Array<KnownNode & Own> {
		return [...this.known.values()];
	}

	/** @returns those that use a credential: published ones first, by name of workflow and node */
	ofCredential(credential: string): Array<KnownNode & Own> {
		return this.all()
			.filter((node) => node.credentialId === credential)
			.sort(
				(a, b) =>
					Number(b.isPublished) - Number(a.isPublished) ||
					a.workflowName.localeCompare(b.workflowName) ||
					a.nodeName.localeCompare(b.nodeName),
			);
	}
}
