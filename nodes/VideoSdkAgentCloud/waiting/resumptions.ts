import { BoundedMap } from '../api/boundedMap';

const MAX_REMEMBERED = 5_000;

/**
 * The waits that this n8n process resumed lately. A second request waits until n8n has answered the first one: if that did not resume
 * the execution, the second one takes its place.
 */
export class Resumptions {
	/** true: accepted; a promise: the first delivery is being handled, and resolves to whether it was accepted. */
	private readonly outcomes = new BoundedMap<string, true | Promise<boolean>>(MAX_REMEMBERED);

	/**
	 * Asks to handle a delivery.
	 *
	 * @param key workflow, node and event
	 * @returns undefined for a duplicate; else a function to call with the outcome of this delivery
	 */
	async begin(key: string): Promise<((wasAccepted: boolean) => void) | undefined> {
		for (;;) {
			const outcome = this.outcomes.get(key);
			if (outcome === undefined) return this.start(key);
			if (outcome === true || (await outcome)) return undefined;
		}
	}

	/** @returns whether a delivery was accepted lately */
	has(key: string): boolean {
		return this.outcomes.get(key) === true;
	}

	/** Lets the next delivery be handled, whatever became of the former ones. */
	forget(key: string): void {
		this.outcomes.delete(key);
	}

	private start(key: string): (wasAccepted: boolean) => void {
		const { promise, resolve } = withResolver();
		this.outcomes.set(key, promise);
		return (wasAccepted) => {
			if (wasAccepted) this.outcomes.set(key, true);
			else this.outcomes.delete(key);
			resolve(wasAccepted);
		};
	}
}

function withResolver(): { promise: Promise<boolean>; resolve: (value: boolean) => void } {
	let resolve: (value: boolean) => void = () => {};
	const promise = new Promise<boolean>((resolvePromise) => {
		resolve = resolvePromise;
	});
	return { promise, resolve };
}
