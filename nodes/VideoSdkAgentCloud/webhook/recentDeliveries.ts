import { type IWebhookFunctions } from 'n8n-workflow';
import { BoundedMap } from '../api/boundedMap';

/** Enough for the duplicates of hours; older ones are recognized in the execution, see trigger/firstExecution.ts. */
const MAX_REMEMBERED = 5_000;

/**
 * The events whose deliveries this n8n process accepted lately, so that a duplicate starts no execution.
 *
 * An event counts as accepted only once n8n has answered its delivery with 200, that is when its execution is stored. Until then a
 * duplicate waits: if the first one's execution could not be stored, the second one takes its place, and nothing is lost.
 */
export class RecentDeliveries {
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

	/**
	 * Asks to handle a delivery that n8n answers.
	 *
	 * @param response the delivery's
	 * @returns false for a duplicate
	 */
	async isFirst(key: string, response: ReturnType<IWebhookFunctions['getResponseObject']>): Promise<boolean> {
		const finish = await this.begin(key);
		if (finish === undefined) return false;
		// n8n answers 200 once it has stored the execution; "close" comes after every answer, and when the sender went away.
		const finishByAnswer = () => finish(response.writableFinished && response.statusCode === 200);
		// It comes only once: the sender may have gone away while the delivery was verified.
		if (response.closed) finishByAnswer();
		else response.once('close', finishByAnswer);
		return true;
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
