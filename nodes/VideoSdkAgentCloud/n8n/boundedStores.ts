import { type IWebhookFunctions } from 'n8n-workflow';

/** A map that keeps the `maxSize` entries that were set last, so that no sender can fill the memory. */
export class BoundedMap<K, V> extends Map<K, V> {
	constructor(private readonly maxSize: number) {
		super();
	}

	override set(key: K, value: V): this {
		this.delete(key);
		super.set(key, value);
		if (this.size > this.maxSize) this.delete(this.keys().next().value as K);
		return this;
	}
}

const MAX_NODES = 2_000;

/** What this process keeps of the nodes that were used last, by workflow and node, then by what keeps it. */
const nodes = new BoundedMap<string, Map<object, unknown>>(MAX_NODES);

/** Keeps something of each node that has a webhook, in one store for all. */
export class PerNode<T> {
	/** @param make makes what is kept of a node, empty. It has to be bounded itself */
	constructor(private readonly make: () => T) {}

	of(context: Pick<IWebhookFunctions, 'getNode' | 'getWorkflow'>): T {
		const key = `${context.getWorkflow().id}:${context.getNode().id}`;
		const parts = nodes.get(key) ?? new Map<object, unknown>();
		nodes.set(key, parts);
		if (!parts.has(this)) parts.set(this, this.make());
		return parts.get(this) as T;
	}

	/** @returns what is kept of all nodes */
	all(): T[] {
		return [...nodes.values()].filter((parts) => parts.has(this)).map((parts) => parts.get(this) as T);
	}
}

/** For tests: forgets all nodes. */
export function forgetNodes(): void {
	nodes.clear();
}
