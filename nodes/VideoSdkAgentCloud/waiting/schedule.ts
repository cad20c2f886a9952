const FIRST_INTERVAL_MS = 2_000;
const LONGEST_INTERVAL_MS = 30 * 60_000;
/** An end is noticed late by a quarter of the time waited at most: a call of two minutes after half a minute. */
const INTERVAL_GROWTH = 1.25;
/** After an end, the next poll comes within this time for each that is still running, since their events may have been missed. */
const AFTER_EVENT_MS_PER_OUTSTANDING = 1_000;
/** The last event resumes the execution itself. This poll is for the case that n8n rejected it. */
const MIN_AFTER_EVENT_MS = 5_000;

/**
 * n8n's own deadline comes this long after ours, so that our last poll comes first. n8n sets a timer for each execution whose
 * deadline is less than 70 s away and does not cancel it when the execution continues (WaitTracker), so the timer would end the
 * execution's next wait. Ours must be over before.
 */
const GRACE_MS = 90_000;
/** If the API hangs, 20 requests at a time are given up after 10 s (credentialSource.ts). */
const GRACE_MS_PER_ITEM = 500;
/** Of the grace, what is left for the requests in flight and for resuming the execution. */
const RESERVED_MS = 40_000;

/** The time from our deadline to n8n's own, in ms. */
export function graceMs(itemCount: number): number {
	return GRACE_MS + GRACE_MS_PER_ITEM * itemCount;
}

/** How long after our deadline requests are sent to end what still runs, in ms. */
export function endBudgetMs(itemCount: number): number {
	return graceMs(itemCount) - RESERVED_MS;
}

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
