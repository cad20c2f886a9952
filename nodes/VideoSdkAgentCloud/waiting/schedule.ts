const FIRST_INTERVAL_MS = 2_000;
const LONGEST_INTERVAL_MS = 30 * 60_000;
/** An end is noticed late by a quarter of the time waited at most: a call of two minutes after half a minute. */
const INTERVAL_GROWTH = 1.25;
/** After the end of one, the next poll comes within this time for each that is still running: their ends may have been missed. */
const AFTER_EVENT_MS_PER_OUTSTANDING = 1_000;
/** The last event resumes the execution itself; this poll is for the case that n8n rejected it. */
const MIN_AFTER_EVENT_MS = 5_000;
/** After 40 s, 5 and 28 minutes and 3 hours, then every four hours. */
const POLLS_PER_CHECK = 8;
/** An execution that waits without a limit goes on after this time all the same: n8n may have been restarted, and its events lost. */
export const UNLIMITED_WAIT_MS = 30 * 24 * 60 * 60_000;

/** The time to the next poll, in ms: 2 s at first, then longer and longer, up to 30 minutes, and never beyond the deadline. */
export function nextPollMs(polls: number, remainingMs: number): number {
	return Math.max(
		0,
		Math.min(FIRST_INTERVAL_MS * INTERVAL_GROWTH ** polls, LONGEST_INTERVAL_MS, remainingMs),
	);
}

/** The time to the next poll after an event, in ms. @param outstanding how many have not ended */
export function afterEventMs(outstanding: number): number {
	return Math.max(outstanding * AFTER_EVENT_MS_PER_OUTSTANDING, MIN_AFTER_EVENT_MS);
}

/** @returns whether n8n is to be asked, before this poll, if the execution still waits */
export function isCheckDue(polls: number): boolean {
	return polls % POLLS_PER_CHECK === 0;
}

/** The end of a wait, by two clocks: the one of the machine may be set, the other stands still while a laptop sleeps. */
export class Deadline {
	private readonly monotonicMs: number;

	/** @param wallMs in ms since 1970 */
	constructor(private readonly wallMs: number) {
		this.monotonicMs = performance.now() + wallMs - Date.now();
	}

	/** The time until the deadline, in ms; negative after it. */
	get remainingMs(): number {
		return Math.min(this.wallMs - Date.now(), this.monotonicMs - performance.now());
	}
}
