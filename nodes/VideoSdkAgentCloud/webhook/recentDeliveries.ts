import { type IWebhookFunctions } from 'n8n-workflow';
import { BoundedMap, PerNode } from '../n8n/boundedStores';
import { whenAnswered } from '../n8n/waitingState';

/** Enough for the duplicates of hours; older ones are recognized in the execution, see trigger/firstExecution.ts. */
const MAX_REMEMBERED = 500;

/** Of each node, whether this n8n process accepted the latest delivery of each event. */
const accepted = new PerNode(() => new BoundedMap<string, Promise<boolean>>(MAX_REMEMBERED));

/**
 * Tells whether a delivery is the first one of its event that this n8n process accepts lately, so that a duplicate starts no execution.
 *
 * Until n8n has stored the execution of the first delivery, a duplicate waits: if it could not be stored, the duplicate takes its
 * place, and nothing is lost.
 *
 * @param key of the event
 * @returns whether the delivery is to be handled; false for a duplicate
 */
export async function isFirstDelivery(context: IWebhookFunctions, key: string): Promise<boolean> {
	const ofNode = accepted.of(context);
	for (let former = ofNode.get(key); former; former = ofNode.get(key)) {
		if (await former) return false;
		if (ofNode.get(key) === former) ofNode.delete(key);
	}
	ofNode.set(key, whenAnswered(context.getResponseObject()));
	return true;
}
