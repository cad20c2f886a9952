/** Finds things out once for all items of a run. */
export class Once {
	private readonly found = new Map<string, Promise<unknown>>();

	/** Calls `find` once for all items that need the same thing. @param name names that thing. @throws what `find` throws */
	async get<T>(name: string, find: () => Promise<T>): Promise<T> {
		for (let shared = this.found.get(name); shared; shared = this.found.get(name)) {
			try {
				return (await shared) as T;
			} catch {
				// The other item may have failed for a reason of its own, such as its credential, so this one calls `find` itself.
				if (this.found.get(name) === shared) this.found.delete(name);
			}
		}
		const found = find();
		this.found.set(name, found);
		return await found;
	}
}
