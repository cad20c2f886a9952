import { BoundedMap } from '../api/boundedMap';
import { type WebhookResponse, whenAnswered } from '../n8n/wait';

/** Enough for the duplicates of hours; older ones are recognized in the execution, see trigger/firstExecution.ts. */
const MAX_REMEMBERED = 500;

/**
 * The events of one node whose deliveries this n8n process accepted lately, so that a duplicate starts no execution.
 *
 * Until n8n has stored the execution of the first delivery, a duplicate waits: if it could not be stored, the duplicate takes its
 * place, and nothing is lost.
 */
export class RecentDeliveries {
	/** Whether the latest delivery of each event was accepted. */
	private readonly accepted = new BoundedMap<string, Promise<boolean>>(MAX_REMEMBERED);

	/**
	 * @param key of the event
	 * @param response that of the delivery
	 * @returns whether the delivery is to be handled; false for a duplicate
	 */
	async isFirst(key: string, response: WebhookResponse): Promise<boolean> {
		for (let former = this.accepted.get(key); former; former = this.accepted.get(key)) {
			if (await former) return false;
			if (this.accepted.get(key) === former) this.accepted.delete(key);
		}
		this.accepted.set(key, whenAnswered(response));
		return true;
	}
}
