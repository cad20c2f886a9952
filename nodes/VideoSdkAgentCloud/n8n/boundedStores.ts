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

/** What the stores of this process hold of the nodes that were used last, by workflow and node, then by store. */
const nodes = new BoundedMap<string, Map<object, unknown>>(MAX_NODES);

/** A store that holds something of each node with a webhook, for MAX_NODES nodes in all. */
export class PerNode<T> {
	/** @param make makes the empty value for a node, which has to be bounded itself */
	constructor(private readonly make: () => T) {}

	/** @returns the value of a node, which is made if there is none */
	of(context: Pick<IWebhookFunctions, 'getNode' | 'getWorkflow'>): T {
		const key = `${context.getWorkflow().id}:${context.getNode().id}`;
		const values = nodes.get(key) ?? new Map<object, unknown>();
		nodes.set(key, values);
		if (!values.has(this)) values.set(this, this.make());
		return values.get(this) as T;
	}

	all(): T[] {
		return [...nodes.values()].filter((values) => values.has(this)).map((values) => values.get(this) as T);
	}
}

/** For tests: forgets all nodes. */
export function forgetNodes(): void {
	nodes.clear();
}
