import { type IWebhookFunctions } from 'n8n-workflow';
import { BoundedMap, PerNode } from '../n8n/boundedStores';
import { whenAnswered } from '../n8n/waitingState';

/** The number of events to remember, which covers the duplicates of hours. trigger/duplicateInStore.ts recognizes older ones. */
const MAX_REMEMBERED = 500;

/** Whether this n8n process has accepted the latest delivery of each event, by node. */
const accepted = new PerNode(() => new BoundedMap<string, Promise<boolean>>(MAX_REMEMBERED));

/**
 * Finds out whether a delivery is the first one of its event that this n8n process accepts, so that a duplicate starts no execution.
 *
 * A duplicate waits until n8n has stored the execution of the first delivery. If that can't be stored, the duplicate takes its place, so
 * that the event isn't lost.
 *
 * @param key identifies the event
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
