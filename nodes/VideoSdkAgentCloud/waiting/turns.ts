import type { Awaited, OwnStep } from './awaited';

/** Of each step, so 20 a second, as turns are given four times a second: an account with hundreds at Max Wait has two minutes for all. */
const MAX_TURNS = 5;
/** For a while after 'too many requests'. Ends get more, since whatever isn't ended keeps costing money. */
const MAX_TURNS_LIMITED: Record<OwnStep, number> = { look: 1, end: 2, keep: 1 };
const MAX_UNDER_WAY = 10;

/** Decides which of an account's conversations begin a step now, so that VideoSDK isn't asked for all of them at once. */
export class Turns {
	/** How many were given. */
	private readonly given: Record<OwnStep, number> = { look: 0, end: 0, keep: 0 };

	/**
	 * Gives turns to those who run out of time first, whatever execution they belong to. Every other turn goes to who has waited longest,
	 * so that conversations whose requests fail again and again can't keep the others waiting.
	 *
	 * @param waiting those that want to begin, the one that has waited longest first
	 * @param underWay how many have begun the step, and wait for VideoSDK
	 * @param isLimited VideoSDK has answered 'too many requests' a short while ago
	 * @returns those that begin now
	 */
	give(step: OwnStep, waiting: Awaited[], underWay: number, isLimited: boolean): Awaited[] {
		const turns = Math.min(isLimited ? MAX_TURNS_LIMITED[step] : MAX_TURNS, MAX_UNDER_WAY - underWay);
		const byWaiting = new Set(waiting);
		const byTime = new Set([...waiting].sort((one, other) => one.dueMs(step) - other.dueMs(step)));
		const chosen: Awaited[] = [];
		while (chosen.length < turns) {
			const [one] = this.given[step] % 2 === 0 ? byTime : byWaiting;
			if (one === undefined) break;
			this.given[step]++;
			byTime.delete(one);
			byWaiting.delete(one);
			chosen.push(one);
		}
		return chosen;
	}
}
