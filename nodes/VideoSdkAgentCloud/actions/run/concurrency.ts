/** Several responses "too many requests" within this time count as one, because their requests were sent at the same pace. */
const SLOWDOWN_INTERVAL_MS = 500;
/** The share of the maximum by which the limit rises after as many successes as the limit. */
const RECOVERY_SHARE = 0.1;

/**
 * Limits how many requests of an execution are in flight. The limit is halved when the API responds with "too many requests", and rises
 * step by step when requests succeed again (additive increase, multiplicative decrease).
 */
export class ConcurrencyLimit {
	private readonly followUps: Array<() => void> = [];
	private readonly firsts: Array<() => void> = [];
	private inFlight = 0;
	concurrency: number;
	private successes = 0;
	private slowedDownAtMs = 0;

	/** @param maximum requests in flight at most, at least 1 */
	constructor(private readonly maximum: number) {
		this.concurrency = maximum;
	}

	/**
	 * Runs work when it is its turn, in the order of arrival.
	 *
	 * @param isFollowUp whether the item has begun. Such work goes before the first work of other items, so that an item is finished before
	 *   the next one begins
	 */
	async run<T>(work: () => Promise<T>, isFollowUp = false): Promise<T> {
		await new Promise<void>((resolve) => {
			(isFollowUp ? this.followUps : this.firsts).push(resolve);
			this.startNext();
		});
		try {
			return await work();
		} finally {
			this.inFlight--;
			this.startNext();
		}
	}

	/** Halves the limit, because the API has rejected a request as one too many. */
	slowDown(nowMs = Date.now()): void {
		if (nowMs - this.slowedDownAtMs < SLOWDOWN_INTERVAL_MS) return;
		this.slowedDownAtMs = nowMs;
		this.successes = 0;
		this.concurrency = Math.max(1, Math.floor(this.concurrency / 2));
	}

	/** Counts a request that succeeded, and raises the limit after a whole round of them. */
	recover(): void {
		if (this.concurrency >= this.maximum) return;
		this.successes++;
		if (this.successes < this.concurrency) return;
		this.successes = 0;
		const step = Math.max(1, Math.round(this.maximum * RECOVERY_SHARE));
		this.concurrency = Math.min(this.maximum, this.concurrency + step);
		this.startNext();
	}

	private startNext(): void {
		while (this.inFlight < this.concurrency) {
			const start = this.followUps.shift() ?? this.firsts.shift();
			if (start === undefined) return;
			this.inFlight++;
			start();
		}
	}
}
