import { type IWebhookFunctions } from 'n8n-workflow';
import { BoundedMap } from '../api/boundedMap';

/** Enough for the duplicates of hours; older ones are recognized in the execution, see trigger/firstExecution.ts. */
const MAX_REMEMBERED = 500;

/** The response with which n8n answers a delivery. */
type Response = Pick<
	ReturnType<IWebhookFunctions['getResponseObject']>,
	'closed' | 'once' | 'statusCode' | 'writableFinished'
>;

/** @returns whether n8n has answered 200, which it does once it has stored the execution */
async function isAccepted(response: Response): Promise<boolean> {
	// "close" comes after every answer, and when the sender went away, but only once: it may have come while the delivery was verified.
	if (!response.closed) await new Promise((resolve) => response.once('close', resolve));
	return response.writableFinished && response.statusCode === 200;
}

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
	async isFirst(key: string, response: Response): Promise<boolean> {
		for (let former = this.accepted.get(key); former; former = this.accepted.get(key)) {
			if (await former) return false;
			if (this.accepted.get(key) === former) this.accepted.delete(key);
		}
		this.accepted.set(key, isAccepted(response));
		return true;
	}
}
