/** Enough for the duplicates of hours; older ones are caught in the run, see the trigger's execute. */
const MAX_REMEMBERED = 5_000;

/**
 * The events that this n8n process took in lately, so that a second delivery of one starts no run.
 *
 * An event counts as taken in only once n8n has answered its delivery with 200, that is when its run is stored. Until then a
 * second delivery waits: if the first one's run could not be stored, the second one takes its place, and nothing is lost.
 */
export class RecentEvents {
	/** true: taken in; a promise: its first delivery is being handled, and yields whether it was taken in. */
	private readonly outcomes = new Map<string, true | Promise<boolean>>();

	/**
	 * Asks to handle a delivery.
	 *
	 * @param key workflow, node and event
	 * @returns undefined if the event was taken in before; else a function to call with the outcome of this delivery
	 */
	async claim(key: string): Promise<((wasTakenIn: boolean) => void) | undefined> {
		for (;;) {
			const outcome = this.outcomes.get(key);
			if (outcome === undefined) return this.begin(key);
			if (outcome === true || (await outcome)) return undefined;
		}
	}

	/** Lets the next delivery be handled, whatever became of the former ones. */
	forget(key: string): void {
		this.outcomes.delete(key);
	}

	private begin(key: string): (wasTakenIn: boolean) => void {
		let resolve: (wasTakenIn: boolean) => void = () => {};
		this.outcomes.set(
			key,
			new Promise((resolvePromise) => {
				resolve = resolvePromise;
			}),
		);
		return (wasTakenIn) => {
			// Set anew, so that the map stays in the order of arrival.
			this.outcomes.delete(key);
			if (wasTakenIn) {
				this.outcomes.set(key, true);
				if (this.outcomes.size > MAX_REMEMBERED)
					this.outcomes.delete(this.outcomes.keys().next().value as string);
			}
			resolve(wasTakenIn);
		};
	}
}
