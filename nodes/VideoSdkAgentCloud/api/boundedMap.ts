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
