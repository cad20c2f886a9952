import { BoundedMap } from '../api/boundedMap';
import { type ReceivedEvent } from '../webhook/event';
import { isRepeatable, sequenceOf } from '../webhook/eventIdentity';

/** A delivery is repeated within minutes. VideoSDK gives deliveries no ID, and events such as a participant's join no time. */
export const REPEAT_WINDOW_MS = 5 * 60_000;
const MAX_KEPT = 5_000;

/**
 * Counts how often an event occurred, as far as this process knows. A participant who comes back, a second recording and a second
 * failure have the same bytes as the first. They are new events if a different event of the same sequence came in between, or if more
 * time has passed than deliveries are repeated for.
 */
export class Occurrences {
	/** By node and event. */
	private readonly counted = new BoundedMap<string, { number: number; sinceMs: number }>(MAX_KEPT);
	/** The latest event, by node and sequence. */
	private readonly latest = new BoundedMap<string, string>(MAX_KEPT);

	/**
	 * Takes note of a delivery, of an event that was not chosen, too.
	 *
	 * @returns 0 for the first occurrence of the event and each repeated delivery of it, 1 for the second, and so on
	 */
	count(node: string, event: ReceivedEvent): number {
		const key = `${node}:${event.eventId}`;
		// One that happens once, such as a hang-up, comes after the others and makes none of them new.
		if (!isRepeatable(event)) return 0;
		const isNew = this.isAfterAnother(node, event);
		const nowMs = Date.now();
		const known = this.counted.get(key);
		if (known && !isNew && nowMs < known.sinceMs + REPEAT_WINDOW_MS) return known.number;
		const number = known ? known.number + 1 : 0;
		this.counted.set(key, { number, sinceMs: nowMs });
		return number;
	}

	private isAfterAnother(node: string, event: ReceivedEvent): boolean {
		const sequence = sequenceOf(event);
		if (sequence === undefined) return false;
		const key = `${node}:${sequence}`;
		const latest = this.latest.get(key);
		this.latest.set(key, event.eventId);
		return latest !== undefined && latest !== event.eventId;
	}
}
