import pLimit from 'p-limit';

/** Several answers "too many requests" within this time count as one: they were sent at the same pace. */
const SLOWDOWN_INTERVAL_MS = 500;
/** The share of the maximum that is added when a whole round went well. */
const RECOVERY_SHARE = 0.1;

/**
 * Bounds how many calls of a run are in flight. Halves the bound when the API answers that there are too many requests, and
 * raises it step by step when calls go well again.
 */
export class Pace {
	private readonly limit;
	private successes = 0;
	private slowedDownAtMs = 0;

	/** @param maxConcurrency calls in flight at most, at least 1 */
	constructor(private readonly maxConcurrency: number) {
		this.limit = pLimit(maxConcurrency);
	}

	/** The present bound. */
	get concurrency(): number {
		return this.limit.concurrency;
	}

	/** Runs a call when it is its turn; calls begin in the order in which they were handed in. */
	async run<T>(call: () => Promise<T>): Promise<T> {
		return await this.limit(call);
	}

	/** Tells that the API turned a request away as one too many. */
	slowDown(nowMs = Date.now()): void {
		if (nowMs - this.slowedDownAtMs < SLOWDOWN_INTERVAL_MS) return;
		this.slowedDownAtMs = nowMs;
		this.successes = 0;
		this.limit.concurrency = Math.max(1, Math.floor(this.limit.concurrency / 2));
	}

	/** Tells that a call went well. */
	recover(): void {
		if (this.limit.concurrency >= this.maxConcurrency) return;
		this.successes++;
		if (this.successes < this.limit.concurrency) return;
		this.successes = 0;
		const step = Math.max(1, Math.round(this.maxConcurrency * RECOVERY_SHARE));
		this.limit.concurrency = Math.min(this.maxConcurrency, this.limit.concurrency + step);
	}
}
